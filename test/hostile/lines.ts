/** The lines of the data files. README.md says what they mean. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ZodType, ZodTypeDef } from 'zod';
import { z } from 'zod';

const text = z.union([
	z.string(),
	z.array(z.union([z.string(), z.tuple([z.string(), z.number()])])),
]);
/** A text, or its parts. A part with a number is repeated. */
export type Text = z.infer<typeof text>;

export const answerSchema = z
	.object({
		name: z.string(),
		on: z.enum(['generate', 'status', 'upload', 'video']),
		status: z.number().default(200),
		headers: z.record(z.string()).default({}),
		body: text.default(''),
		raw: text.optional(),
		then: z.enum(['end', 'reset', 'hang', 'drip']).default('end'),
		/** Appears in the outcome. */
		uuid: z.string().optional(),
		/** The API surely did not accept the request. */
		refused: z.boolean().default(false),
	})
	.strict();
export type HostileAnswer = z.infer<typeof answerSchema>;

export const rowSchema = z.object({ name: z.string(), row: z.record(z.unknown()) }).strict();

export const n8nAnswerSchema = z
	.object({
		name: z.string(),
		/** A pattern for `METHOD /path`. */
		on: z.string(),
		status: z.number().default(200),
		body: text,
		/** It says that the table has no row of the job, as if a user had deleted it. */
		forgets: z.boolean().default(false),
	})
	.strict();

export const addressSchema = z.object({ address: z.string() }).strict();
export const fileNameSchema = z.object({ fileName: z.string() }).strict();

export function readLines<T>(file: string, schema: ZodType<T, ZodTypeDef, unknown>): T[] {
	return readFileSync(join(__dirname, file), 'utf8')
		.split('\n')
		.filter((line) => line !== '')
		.map((line) => schema.parse(JSON.parse(line)));
}

/** The text, with the spellings of a key in place of `{name}` and `{name:spelling}`. */
export function toText(parts: Text, key: string, name = 'key'): string {
	const list = typeof parts === 'string' ? [parts] : parts;
	const spellings: Record<string, string> = {
		[name]: key,
		[`${name}:url`]: encodeURIComponent(key),
		[`${name}:base64`]: Buffer.from(key).toString('base64'),
		[`${name}:basic`]: Buffer.from(`user:${key}`).toString('base64'),
		[`${name}:json`]: JSON.stringify(key).slice(1, -1),
		[`${name}:unicode`]: [...key]
			.map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
			.join(''),
	};
	return list
		.map((part) => (typeof part === 'string' ? part : part[0].repeat(part[1])))
		.join('')
		.replace(/\{[\w:]+\}/g, (whole) => spellings[whole.slice(1, -1)] ?? whole);
}

/** Checks every message against n8n's rules for texts and against docs/errors.md. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type INodeProperties, NodeApiError, NodeOperationError } from 'n8n-workflow';
import { toNodeError } from '../../nodes/Veo/errors/nodeErrors';
import { VeoError } from '../../nodes/Veo/errors/VeoError';
import * as messages from '../../nodes/Veo/errors/messages';
import { Veo } from '../../nodes/Veo/Veo.node';
import { VeoTrigger } from '../../nodes/Veo/VeoTrigger.node';
import { ALL, API_MESSAGE, CREDENTIALS, ELSEWHERE, OF_CREDENTIALS, textOf } from './everyMessage';
import { NODE } from './fakes';

const ROOT = join(__dirname, '../..');

const everyText = [
	...new Map(
		Object.entries(ALL).flatMap(([name, list]) =>
			list.map((one): [string, [string, string]] => [textOf(one), [name, textOf(one)]]),
		),
	).values(),
	...OF_CREDENTIALS.map((text): [string, string] => ['credentials', text]),
];

const everyError = Object.fromEntries(
	Object.entries(ALL).map(([name, list]) => [name, list.filter((one) => one instanceof VeoError)]),
);

describe('everyMessage.ts', () => {
	it('has messages of every function in errors/messages', () => {
		expect(Object.keys(ALL).sort()).toEqual(Object.keys(messages).sort());
		for (const list of Object.values(ALL)) expect(list).not.toEqual([]);
	});
});

/** The display names of all fields and choices in the forms and credentials. */
function displayNames(): Set<string> {
	const names = new Set<string>();
	const collect = (fields: NonNullable<INodeProperties['options']>) => {
		for (const field of fields) {
			// Messages leave out the unit in brackets.
			if ('displayName' in field) names.add(field.displayName.replace(/ \(\w+\)$/, ''));
			if ('value' in field) names.add(field.name);
			if ('options' in field) collect(field.options ?? []);
		}
	};
	collect(new Veo().description.properties);
	collect(new VeoTrigger().description.properties);
	for (const { properties } of CREDENTIALS) collect(properties);
	return names;
}

/** Labels of n8n's own editor. */
const N8N_LABELS = ['On Error', 'Continue', 'Retry with currently saved workflow'];

/** The text without the API's message, quoted values and the labels of n8n. */
const withoutQuotes = (text: string) =>
	N8N_LABELS.reduce(
		(rest, label) => rest.replaceAll(`'${label}'`, ''),
		text.replaceAll(API_MESSAGE, '').replace(/"[^"]*"/g, ''),
	)
		.replace(/ +/g, ' ')
		.replace(/ ([.,])/g, '$1');

const FORBIDDEN = /error|problem|failure|mistake/i;
/** Technical terms that the form and the docs do not use. */
/** Settings of the n8n server, and a field of the credential, that a message has to name. */
const SETTINGS =
	/\b(N8N_PUBLIC_API_DISABLED|N8N_DATA_TABLES_MAX_SIZE_BYTES|N8N_SSRF_ALLOWED_(IP_RANGES|HOSTNAMES)|NODE_EXTRA_CA_CERTS)\b|'Ignore SSL Issues'/g;
const JARGON =
	/\b(null|nil|void|boolean|string|array|object|binary|param(eter)?s?|payload|endpoint|envelope|parse[drs]?|exceptions?|stack|socket|DNS|TLS|SSL|[A-Z]{2,}_[A-Z_]+|E(CONN|NOT|AI|HOST|TIMED)\w*)\b/;

describe('every message', () => {
	it.each(everyText)('is a sentence without gaps: %s: %s', (_, text) => {
		expect(text).toMatch(/^([A-Z']|n8n ).*[\w'"/)]\.$/);
		expect(withoutQuotes(text)).not.toMatch(/\.\.|\s\s|\s[.,:]|undefined|null|NaN|\[object/);
	});

	it.each(everyText)('has no forbidden word and no jargon: %s: %s', (_, text) => {
		const ownText = withoutQuotes(text);
		expect(ownText).not.toMatch(FORBIDDEN);
		expect(ownText.replace(SETTINGS, '')).not.toMatch(JARGON);
	});

	it.each(ELSEWHERE.parts)(
		'outside errors/messages has no forbidden word and no jargon: %s',
		(text) => {
			expect(text).not.toMatch(FORBIDDEN);
			expect(text).not.toMatch(JARGON);
		},
	);

	it.each(everyText)('names fields as the form does: %s: %s', (_, text) => {
		const ownText = withoutQuotes(text);
		const known = new Set([
			...displayNames(),
			// An output field, an input field, a table name and statuses.
			...['uuid', 'data', 'veo_jobs', 'failed', 'completed', 'pending', 'processing', 'rendering'],
		]);
		const quoted = [...ownText.matchAll(/(?<![a-z])'([^']+)'/g)].map(([, name]) => name);
		expect(quoted.filter((name) => name === undefined || !known.has(name))).toEqual([]);
		expect(ownText).not.toMatch(
			/\b(generationType|aspectRatio|imageUrl|imageKey|imageSource|binaryPropertyName|maxWaitTime|requestTimeout|apiKey|baseUrl)\b/,
		);
	});

	it.each(everyText)('says nothing twice: %s: %s', (_, text) => {
		const sentences = withoutQuotes(text).split(/(?<=\.) /);
		expect(new Set(sentences).size).toBe(sentences.length);
	});

	it('has a message without a full stop and a description that is a sentence', () => {
		for (const { message, description, fullText } of Object.values(everyError).flat()) {
			expect(message).not.toMatch(/[.:,\s]$/);
			expect(description).toMatch(/^[A-Z].*\.$/);
			expect(fullText).toBe(`${message}. ${description}`);
		}
	});
});

describe('every message as n8n shows it', () => {
	it.each(Object.keys(ALL))('contains the item and the next step: %s', (name) => {
		for (const error of everyError[name] ?? []) {
			const { details } = error;
			const shown = toNodeError(NODE, error, { itemIndex: 3 });
			const { message, description = '' } = shown;
			expect(shown).toBeInstanceOf(details.isInput ? NodeOperationError : NodeApiError);
			expect(shown.context.itemIndex).toBe(3);
			expect(message).toContain(`${error.message} [item 3]`);
			// For a paid video the message alone has everything: n8n may keep only the message.
			expect(details.uuid === undefined ? description : message).toContain(error.description);
			expect(withoutQuotes(`${message} ${description}`)).not.toMatch(FORBIDDEN);
		}
	});

	it.each([messages.blankPrompt(), new Error('No luck')])(
		'leaves out the only item: %s',
		(error) => {
			const { message, context } = toNodeError(NODE, error, { itemIndex: 0, isOnlyItem: true });
			expect(message).toBe(error.message);
			expect(context.itemIndex).toBe(0);
		},
	);
});

describe('docs/errors.md', () => {
	const page = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');

	const gap = (name: string) => (name === '‹: API message›' ? '(: .+)?' : '.+');

	/** Each message of the page as a pattern. Variable parts are in ‹angle quotes›. */
	const rows = page
		.split('\n')
		.filter((line) => /^\| .+ \|$/.test(line) && !/^\| (---|message|in the log) \|/.test(line))
		.map((line): [string, RegExp] => {
			const [, message = '', description = ''] = line.split('|').map((cell) => cell.trim());
			// Text in italics is advice of the page, not part of the message.
			const fullText = description.startsWith('_')
				? message
				: `${message}${/\.›?$/.test(message) ? '' : '.'} ${description}`;
			const pattern = fullText
				.split(/(‹[^›]*›)/)
				.map((part) => (/^‹/.test(part) ? gap(part) : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
				.join('');
			return [fullText, new RegExp(`^${pattern}\\.?$`)];
		});

	const texts = everyText.map(([, text]) => text);

	it.each(texts)('lists the message: %s', (text) => {
		expect(rows.some(([, pattern]) => pattern.test(text))).toBe(true);
	});

	it.each(rows)('lists only existing messages: %s', (_, pattern) => {
		expect(texts.some((text) => pattern.test(text))).toBe(true);
	});
});

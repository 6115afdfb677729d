/** Executions as n8n's REST API returns them. */
import { z } from 'zod';

export const idSchema = z.union([z.string(), z.number()]).transform(String);
const optionalText = z
	.string()
	.nullish()
	.transform((value) => value ?? undefined);
const object = z.record(z.unknown());

export const summarySchema = z.object({
	id: idSchema,
	/** `new`, `running`, `waiting`, `success`, `error`, `canceled`, `crashed` or `unknown`. */
	status: z.string(),
	mode: z.string(),
	workflowId: idSchema,
	startedAt: optionalText,
	stoppedAt: optionalText,
});
export type ExecutionSummary = z.infer<typeof summarySchema>;

const fileSchema = z.object({
	/** Identifies the stored file. Absent when `data` holds the content itself (base64). */
	id: optionalText,
	data: optionalText,
	fileName: optionalText,
	mimeType: optionalText,
	fileSize: optionalText,
});
export type BinaryFile = z.infer<typeof fileSchema>;

const itemSchema = z.object({
	json: object,
	binary: z.record(fileSchema).default({}),
	pairedItem: z.unknown(),
});
export type Item = z.infer<typeof itemSchema>;

const nodeRunSchema = z
	.object({
		data: z.object({ main: z.array(z.array(itemSchema).nullable()).default([]) }).nullish(),
	})
	.transform(({ data }) => ({
		/** The items of each output. */
		outputs: (data?.main ?? []).map((items) => items ?? []),
	}));

/** An execution as the public API returns it with `includeData=true`. */
export const executionSchema = summarySchema
	.extend({
		data: z
			.object({
				resultData: z.object({
					error: object.nullish(),
					runData: z.record(z.array(nodeRunSchema)).default({}),
				}),
			})
			.nullish(),
		customData: object.nullish(),
	})
	.transform(({ data, customData, ...summary }) => ({
		...summary,
		/** What made the execution fail. */
		error: data?.resultData.error ?? undefined,
		/** The runs of each node, in order. */
		runs: data?.resultData.runData ?? {},
		/** n8n's "highlighted data". */
		customData: customData ?? {},
	}));
export type Execution = z.infer<typeof executionSchema>;

/** Whether the execution has ended. A waiting one has not. */
export function hasEnded(status: string): boolean {
	return !['new', 'running', 'waiting', 'unknown'].includes(status);
}

/** The items that a node emitted in its last run. */
export function itemsOf(execution: Execution, node: string, output = 0): Item[] {
	const run = execution.runs[node]?.at(-1);
	if (run === undefined) {
		throw new Error(`"${node}" did not run in execution ${execution.id} (${execution.status})`);
	}
	return run.outputs[output] ?? [];
}

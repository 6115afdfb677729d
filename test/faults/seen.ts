import type { INodeExecutionData } from 'n8n-workflow';
import { NODE, type Ran } from '../../harness/core';

/** What the user can see of an execution in n8n. */
export interface Seen {
	/** All texts that may contain a video's ID: messages, items, highlighted data. */
	texts: string[];
	/** The items that are reported as unclear. */
	unclear: number[];
	/** Those of them that are explained by a late answer. */
	late: number[];
	/** The node's outputs, one list each. */
	outputs: SeenItem[][];
	/** What the node threw. */
	error?: { name: string; message: string };
	/** The whole text that n8n shows of it. */
	message?: string;
	/** All strings in the execution's data. */
	everything: string[];
}

export interface SeenItem {
	/** The paired input item. */
	from?: number;
	uuid?: string;
	/** The message of a failed item. */
	error?: string;
	status?: string;
	hasFile?: boolean;
}

/** Of a stopped execution, only its data shows which requests were in progress. */
export function readSeen({ run, outputs, error, customData }: Ran, stopped: boolean): Seen {
	const context = run.data.executionData?.contextData[`node:${NODE}`];
	const items = outputs.flat();
	const messages = [
		...items.map(({ json }) => textOf(json.error)),
		...(error ? [`${error.message} ${error.description ?? ''}`] : []),
	].filter((text) => text !== undefined);
	const inProgress = stopped ? submissionsInProgress(context) : [];
	return {
		texts: [
			...messages,
			...items.map(({ json }) => JSON.stringify(json)),
			...Object.values(customData),
			...(stopped ? stringsWithin(context) : []),
		],
		unclear: [...messages.flatMap((text) => unclearItems(text)), ...inProgress],
		late: messages.filter((text) => /in time/.test(text)).flatMap(unclearItems),
		outputs: outputs.map((list) => list.map(toSeenItem)),
		...(error && {
			error: { name: error.name, message: error.message },
			message: `${error.message} ${error.description ?? ''}`,
		}),
		everything: stringsWithin(run),
	};
}

function toSeenItem({ json, binary, pairedItem }: INodeExecutionData): SeenItem {
	const paired = Array.isArray(pairedItem) ? undefined : pairedItem;
	return {
		from: typeof paired === 'object' ? paired.item : paired,
		uuid: textOf(json.uuid),
		error: textOf(json.error),
		status: textOf(json.status),
		hasFile: binary !== undefined,
	};
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined);

/**
 * The items that a message reports as unclear. The rest of the message may list other items' known videos. A message about
 * the only item does not name it.
 */
function unclearItems(message: string): number[] {
	return message
		.split(/(?=unclear whether|other videos)/i)
		.filter((part) => /^unclear/i.test(part))
		.map((part) => Number(/\[item (\d+)\]/.exec(part)?.[1] ?? 0));
}

/** The items whose paid request had no answer yet, from the node context. */
function submissionsInProgress(context: unknown): number[] {
	const runs = Object.values(objectIn(context, 'submissions'));
	return runs.flatMap((run) =>
		Object.keys(objectIn({ run }, 'run'))
			.filter((key) => ['submitting', 'unclear'].includes(String(objectIn(run, key).state)))
			// The key starts with the item's number, followed by the hash of its request.
			.map((key) => parseInt(key)),
	);
}

function objectIn(value: unknown, field: string): Record<string, unknown> {
	const found: unknown =
		typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined;
	return typeof found === 'object' && found !== null ? { ...found } : {};
}

/** All strings in a value, also in parts that JSON would omit. */
export function stringsWithin(value: unknown): string[] {
	const strings = new Set<string>();
	const seen = new Set<unknown>();
	const queue: unknown[] = [value];
	for (const one of queue) {
		if (typeof one === 'string') strings.add(one);
		if (typeof one !== 'object' || one === null || seen.has(one) || ArrayBuffer.isView(one)) {
			continue;
		}
		seen.add(one);
		for (const field of Reflect.ownKeys(one)) {
			strings.add(String(field));
			queue.push(Reflect.get(one, field));
		}
		if (one instanceof Map) queue.push(...one.keys(), ...one.values());
		if (one instanceof Set) queue.push(...one);
	}
	return [...strings];
}

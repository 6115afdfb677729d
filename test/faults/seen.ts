import type { INodeExecutionData } from 'n8n-workflow';
import { NODE, type Ran } from '../../harness/core';

/** What the user of n8n can see of an execution. */
export interface Seen {
	/** Every text in which a video's ID may stand: messages, items, custom data. */
	texts: string[];
	/** The items of which it says that it is unclear whether they were paid for. */
	unclear: number[];
	/** Those of them that it explains by an answer that did not come in time. */
	late: number[];
	/** The node's outputs, one list each. */
	outputs: SeenItem[][];
	/** What the node threw. */
	error?: { name: string; message: string };
	/** Every string anywhere in the execution's data. */
	everything: string[];
}

export interface SeenItem {
	/** The input item that it is paired with. */
	from?: number;
	uuid?: string;
	/** Its message, if the item failed. */
	error?: string;
}

/** `stopped`: the user stopped it, so that nothing but the execution's own data tells of what was under way. */
export function readSeen({ run, outputs, error, customData }: Ran, stopped: boolean): Seen {
	const context = run.data.executionData?.contextData[`node:${NODE}`];
	const items = outputs.flat();
	const messages = [
		...items.map(({ json }) => textOf(json.error)),
		...(error ? [`${error.message} ${error.description ?? ''}`] : []),
	].filter((text) => text !== undefined);
	const underWay = stopped ? submissionsUnderWay(context) : [];
	return {
		texts: [
			...messages,
			...items.map(({ json }) => JSON.stringify(json)),
			...Object.values(customData),
			...(stopped ? stringsWithin(context) : []),
		],
		unclear: [...messages.flatMap((text) => itemsCalledUnclear(text)), ...underWay],
		late: messages.filter((text) => /in time/.test(text)).flatMap(itemsCalledUnclear),
		outputs: outputs.map((list) => list.map(toSeenItem)),
		...(error && { error: { name: error.name, message: error.message } }),
		everything: stringsWithin(run),
	};
}

function toSeenItem({ json, pairedItem }: INodeExecutionData): SeenItem {
	const paired = Array.isArray(pairedItem) ? undefined : pairedItem;
	return {
		from: typeof paired === 'object' ? paired.item : paired,
		uuid: textOf(json.uuid),
		error: textOf(json.error),
	};
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined);

/** The items that a message calls unclear. It may go on to tell of other items' videos, which are well known. */
function itemsCalledUnclear(message: string): number[] {
	return message
		.split(/(?=unclear|other videos)/i)
		.filter((part) => /^unclear/i.test(part))
		.flatMap((part) => [...part.matchAll(/\[item (\d+)\]/g)])
		.map(([, item]) => Number(item));
}

/** The items whose paid request had no answer yet, by what the node keeps with the execution. */
function submissionsUnderWay(context: unknown): number[] {
	const runs = Object.values(objectIn(context, 'submissions'));
	return runs.flatMap((run) =>
		Object.keys(objectIn({ run }, 'run'))
			.filter((key) => ['submitting', 'unclear'].includes(String(objectIn(run, key).state)))
			// The item's number stands before its request's hash.
			.map((key) => parseInt(key)),
	);
}

function objectIn(value: unknown, field: string): Record<string, unknown> {
	const found: unknown =
		typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined;
	return typeof found === 'object' && found !== null ? { ...found } : {};
}

/** Every string in a value and below it, also in what JSON would leave out. */
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

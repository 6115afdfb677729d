import {
	arrayOr,
	isObject,
	objectOr,
	optionalString,
	requiredString,
	type JsonObject,
} from './json';

export interface ExecutionSummary {
	id: string;
	/** `new`, `running`, `waiting`, `success`, `error`, `canceled`, `crashed` or `unknown`. */
	status: string;
	mode: string;
	workflowId: string;
	/** The execution that this one is a retry of. */
	retryOf: string | undefined;
	startedAt: string | undefined;
	stoppedAt: string | undefined;
}

export interface BinaryFile {
	/** Where n8n keeps the file; absent when the content itself is in `data` (base64). */
	id: string | undefined;
	data: string | undefined;
	fileName: string | undefined;
	mimeType: string | undefined;
	fileSize: string | undefined;
}

export interface Item {
	json: JsonObject;
	binary: Record<string, BinaryFile>;
	pairedItem: unknown;
}

export interface NodeRun {
	executionStatus: string | undefined;
	/** Milliseconds. */
	executionTime: number | undefined;
	error: JsonObject | undefined;
	/** The items of each output. */
	outputs: Item[][];
}

export interface Execution extends ExecutionSummary {
	/** What the execution failed with. */
	error: JsonObject | undefined;
	lastNode: string | undefined;
	/** Each node's runs, in the order in which they happened. */
	runs: Record<string, NodeRun[]>;
	/** The node contexts that n8n keeps for a retry. */
	contextData: JsonObject;
	customData: JsonObject;
}

/** Whether the execution has come to its end (a waiting one has not). */
export function hasEnded(status: string): boolean {
	return !['new', 'running', 'waiting', 'unknown'].includes(status);
}

/** The items that a node put out in its last run. */
export function itemsOf(execution: Execution, node: string, output = 0): Item[] {
	const run = execution.runs[node]?.at(-1);
	if (run === undefined) {
		throw new Error(`"${node}" did not run in execution ${execution.id} (${execution.status})`);
	}
	return run.outputs[output] ?? [];
}

export function readSummary(answer: unknown): ExecutionSummary {
	const execution = objectOr(answer);
	return {
		id: requiredString(execution, 'id'),
		status: requiredString(execution, 'status'),
		mode: requiredString(execution, 'mode'),
		workflowId: requiredString(execution, 'workflowId'),
		retryOf: optionalString(execution.retryOf),
		startedAt: optionalString(execution.startedAt),
		stoppedAt: optionalString(execution.stoppedAt),
	};
}

/** Reads an execution as the public API gives it with `includeData=true`. */
export function readExecution(answer: unknown): Execution {
	const execution = objectOr(answer);
	const data = objectOr(execution.data);
	const result = objectOr(data.resultData);
	const runs = Object.entries(objectOr(result.runData)).map(
		([node, nodeRuns]): [string, NodeRun[]] => [node, arrayOr(nodeRuns).map(readRun)],
	);
	return {
		...readSummary(execution),
		error: isObject(result.error) ? result.error : undefined,
		lastNode: optionalString(result.lastNodeExecuted),
		runs: Object.fromEntries(runs),
		contextData: objectOr(objectOr(data.executionData).contextData),
		customData: objectOr(execution.customData),
	};
}

function readRun(value: unknown): NodeRun {
	const run = objectOr(value);
	return {
		executionStatus: optionalString(run.executionStatus),
		executionTime: typeof run.executionTime === 'number' ? run.executionTime : undefined,
		error: isObject(run.error) ? run.error : undefined,
		outputs: arrayOr(objectOr(run.data).main).map((items) => arrayOr(items).map(readItem)),
	};
}

function readItem(value: unknown): Item {
	const item = objectOr(value);
	const files = Object.entries(objectOr(item.binary)).map(([name, file]): [string, BinaryFile] => [
		name,
		readBinary(objectOr(file)),
	]);
	return {
		json: objectOr(item.json),
		binary: Object.fromEntries(files),
		pairedItem: item.pairedItem,
	};
}

function readBinary(file: JsonObject): BinaryFile {
	return {
		id: optionalString(file.id),
		data: optionalString(file.data),
		fileName: optionalString(file.fileName),
		mimeType: optionalString(file.mimeType),
		fileSize: optionalString(file.fileSize),
	};
}

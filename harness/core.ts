/**
 * The built package in the real n8n-core: package loader, workflow engine, contexts, HTTP helpers and binary store. Nothing
 * is mocked. The credentials come from the test instead of n8n's database.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Container } from '@n8n/di';
import {
	BinaryDataConfig,
	BinaryDataService,
	CredentialTestContext,
	ExecutionLifecycleHooks,
	ExternalSecretsProxy,
	PackageDirectoryLoader,
	WorkflowExecute,
} from 'n8n-core';
import { Logger } from '@n8n/backend-common';
import { SSHClientsManager } from 'n8n-core/dist/execution-engine/ssh-clients-manager';
import {
	type ExecutionError,
	type IBinaryData,
	type ICredentialDataDecryptedObject,
	ICredentialsHelper,
	type IHttpRequestOptions,
	type INode,
	type INodeCredentialTestResult,
	type INodeExecutionData,
	type INodeParameters,
	type INodeType,
	type INodeTypes,
	type IRun,
	type IRunExecutionData,
	type ITaskData,
	type IWorkflowExecuteAdditionalData,
	LoggerProxy,
	NodeConnectionTypes,
	Workflow,
	type WorkflowExecuteMode,
} from 'n8n-workflow';
import { projectRoot } from './paths';
import { waitFor } from './waitFor';

export const NODE = 'Veo';
const LOG_TIMEOUT_MS = 30_000;

/** The data of the credentials, by type. */
export type Credentials = Record<string, ICredentialDataDecryptedObject>;

export interface RunOptions {
	/** The node's parameters. Missing ones have the form's defaults, as in the editor. */
	parameters: INodeParameters;
	items?: INodeExecutionData[];
	/** Settings of the node, such as `onError` and `retryOnFail`. */
	node?: Partial<INode>;
	credentials: Credentials;
	mode?: WorkflowExecuteMode;
	executionId?: string;
}

export interface Ran {
	run: IRun;
	/** The node's outputs, one list of items each. */
	outputs: INodeExecutionData[][];
	/** What the node threw. */
	error?: ExecutionError;
	/** n8n's "highlighted data". */
	customData: Record<string, string>;
}

export interface Running {
	done: Promise<Ran>;
	/** Stops the execution as the user does. */
	stop(): void;
}

let loader: PackageDirectoryLoader | undefined;

type Observer = (ran: Ran, credentials: Credentials) => void;
const observers: Observer[] = [];

/** Calls back with each execution that ends. */
export const onEnded = (observer: Observer): void => void observers.push(observer);

export async function loadPackage(): Promise<PackageDirectoryLoader> {
	if (!loader) {
		loader = new PackageDirectoryLoader(projectRoot);
		await loader.loadAll();
	}
	return loader;
}

export interface N8n {
	folder: string;
	/** n8n's log so far, at debug level. */
	logged(): Promise<string>;
	close(): void;
}

/** Those that are not closed yet. */
export const runningN8n = new Set<N8n>();

/** Sets up n8n's binary store and log in a new folder. */
export async function startN8n(binaryMode: 'default' | 'filesystem' = 'filesystem'): Promise<N8n> {
	const folder = mkdtempSync(join(tmpdir(), 'veo-n8n-'));
	const logFile = join(folder, 'n8n.log');
	Object.assign(process.env, {
		N8N_USER_FOLDER: folder,
		N8N_LOG_LEVEL: 'debug',
		N8N_LOG_OUTPUT: 'file',
		N8N_LOG_FILE_LOCATION: logFile,
	});
	Container.get(Logger);
	const config = Container.get(BinaryDataConfig);
	config.mode = binaryMode;
	config.localStoragePath = join(folder, 'binaryData');
	await Container.get(BinaryDataService).init();
	const close = () => {
		runningN8n.delete(n8n);
		// Its timer would keep this process alive.
		Container.get(SSHClientsManager).onShutdown();
		try {
			rmSync(folder, { recursive: true, force: true });
		} catch (thrown) {
			// n8n's log is still open. Node.js 20 on Windows cannot delete a folder with an open file.
			if (process.platform !== 'win32') throw thrown;
		}
	};
	const logged = async () => {
		// n8n writes its log in the background, in order. So wait for a new last entry.
		const mark = `mark ${Date.now()}`;
		LoggerProxy.debug(mark);
		const readLog = () => {
			const log = readFileSync(logFile, 'utf8');
			return log.includes(mark) ? log : undefined;
		};
		return await waitFor('the log to be written', LOG_TIMEOUT_MS, readLog);
	};
	const n8n: N8n = { folder, logged, close };
	runningN8n.add(n8n);
	return n8n;
}

/** Runs the credential test that the node defines for `veoApi`. */
export async function testCredential(
	data: ICredentialDataDecryptedObject,
): Promise<INodeCredentialTestResult> {
	const veo = (await loadPackage()).nodeTypes.veo?.type as INodeType;
	const { testedBy } = veo.description.credentials?.find(({ name }) => name === 'veoApi') ?? {};
	const test = typeof testedBy === 'string' ? veo.methods?.credentialTest?.[testedBy] : undefined;
	if (!test) throw new Error('The node has no test for its credential');
	return await test.call(new CredentialTestContext(), {
		id: 'veoApi',
		name: 'Veo API',
		type: 'veoApi',
		data,
	});
}

/** Stores a file as an earlier node does, for an input item's `binary`. */
export async function storeFile(
	content: Buffer,
	file: Pick<IBinaryData, 'mimeType' | 'fileName'>,
): Promise<IBinaryData> {
	return await Container.get(BinaryDataService).store(
		{ type: 'execution', workflowId: 'workflow', executionId: 'before' },
		content,
		{ ...file, data: '' },
	);
}

export async function readFile(file: IBinaryData): Promise<Buffer> {
	return await Container.get(BinaryDataService).getAsBuffer(file);
}

/** Runs the node on the items, in a workflow of two nodes, and waits until it has ended. */
export async function runNode(options: RunOptions): Promise<Ran> {
	const running = await startNode(options);
	return await running.done;
}

export async function startNode(options: RunOptions): Promise<Running> {
	const { mode = 'trigger' } = options;
	const workflow = await createWorkflow(options);
	const additionalData = createAdditionalData(options.credentials, mode, options.executionId);
	const execution = new WorkflowExecute(additionalData, mode).run(
		workflow,
		workflow.getNode('Items') ?? undefined,
	);
	const done = execution.then((run) => toRan(run, options.credentials));
	return { done, stop: () => execution.cancel() };
}

/** Retries a failed execution, as "Retry with currently saved workflow" in n8n's executions list does. */
export async function retryRun({ run }: Ran, options: RunOptions): Promise<Ran> {
	const data: IRunExecutionData = structuredClone(run.data);
	const { lastNodeExecuted, runData } = data.resultData;
	delete data.resultData.error;
	if (lastNodeExecuted) runData[lastNodeExecuted]?.pop();
	const workflow = await createWorkflow(options);
	for (const waiting of data.executionData?.nodeExecutionStack ?? []) {
		waiting.node = workflow.getNode(waiting.node.name) ?? waiting.node;
	}
	return await continueRun(workflow, data, options);
}

/**
 * Retries an execution during which n8n crashed: from its start, without its memory, and with `recovered`, the runs of the
 * node that n8n invents after a crash.
 */
export async function retryCrashed(
	{ run }: Ran,
	options: RunOptions,
	recovered: ITaskData[],
): Promise<Ran> {
	const data: IRunExecutionData = structuredClone(run.data);
	const workflow = await createWorkflow(options);
	const node = workflow.getNode('Items');
	if (!data.executionData || !node) throw new Error('There is nothing to retry');
	data.resultData = { runData: { [NODE]: recovered } };
	data.executionData.contextData = {};
	data.executionData.nodeExecutionStack = [
		{ node, data: { main: [[{ json: {} }]] }, source: null },
	];
	return await continueRun(workflow, data, options);
}

async function continueRun(
	workflow: Workflow,
	data: IRunExecutionData,
	options: RunOptions,
): Promise<Ran> {
	const executionId = options.executionId ?? 'retry';
	const additionalData = createAdditionalData(options.credentials, 'retry', executionId);
	return toRan(
		await new WorkflowExecute(additionalData, 'retry', data).processRunExecutionData(workflow),
		options.credentials,
	);
}

function toRan(run: IRun, credentials: Credentials): Ran {
	const { runData, metadata, error } = run.data.resultData;
	const task: ITaskData | undefined = runData[NODE]?.at(-1);
	const outputs = (task?.data?.main ?? []).map((items) => items ?? []);
	const ran = { run, outputs, error: task?.error ?? error, customData: metadata ?? {} };
	for (const observe of observers) observe(ran, credentials);
	return ran;
}

async function createWorkflow({ parameters, items, node, credentials }: RunOptions) {
	const { nodeTypes: ours } = await loadPackage();
	const itemsNode = new Items(items ?? [{ json: {} }]);
	const type = (name: string): INodeType =>
		name === 'test.items'
			? itemsNode
			: // n8n derives the node of an AI agent's tool from this one.
				(ours[name.split('.')[1]?.replace(/Tool$/, '') ?? '']?.type as INodeType);
	const nodeTypes: INodeTypes = {
		getByName: type,
		getByNameAndVersion: type,
		getKnownTypes: () => ({}),
	};
	const position: [number, number] = [0, 0];
	return new Workflow({
		id: 'workflow',
		active: false,
		settings: { executionOrder: 'v1' },
		nodeTypes,
		nodes: [
			{ id: '1', name: 'Items', type: 'test.items', typeVersion: 1, position, parameters: {} },
			{
				id: '2',
				name: NODE,
				type: 'n8n-nodes-veo3o1.veo',
				typeVersion: 1,
				position,
				parameters,
				credentials: Object.fromEntries(
					Object.keys(credentials).map((name) => [name, { id: name, name }]),
				),
				...node,
			},
		],
		connections: {
			Items: { main: [[{ node: NODE, type: NodeConnectionTypes.Main, index: 0 }]] },
		},
	});
}

/** A node that emits the test's items, instead of the earlier nodes of a workflow. */
class Items implements INodeType {
	constructor(private readonly items: INodeExecutionData[]) {}

	description: INodeType['description'] = {
		displayName: 'Items',
		name: 'items',
		group: [],
		version: 1,
		description: '',
		defaults: {},
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		properties: [],
	};

	execute = async () => await Promise.resolve([structuredClone(this.items)]);
}

export function createAdditionalData(
	credentials: Credentials,
	mode: WorkflowExecuteMode,
	executionId = 'execution',
): IWorkflowExecuteAdditionalData {
	const hooks = new ExecutionLifecycleHooks(mode, executionId, {
		id: 'workflow',
		name: 'Workflow',
		active: false,
		isArchived: false,
		createdAt: new Date(),
		updatedAt: new Date(),
		activeVersionId: null,
		nodes: [],
		connections: {},
	});
	return {
		credentialsHelper: new TestCredentials(credentials),
		executeWorkflow: notSupported,
		getRunExecutionData: notSupported,
		startRunnerTask: notSupported,
		logAiEvent: () => undefined,
		executionId,
		currentNodeExecutionIndex: 0,
		restApiUrl: '',
		instanceBaseUrl: '',
		formWaitingBaseUrl: '',
		webhookBaseUrl: '',
		webhookWaitingBaseUrl: '',
		webhookTestBaseUrl: '',
		variables: {},
		externalSecretsProxy: Container.get(ExternalSecretsProxy),
		hooks,
	};
}

/** n8n's credentials helper for the package's credential types, with data from the test. */
class TestCredentials extends ICredentialsHelper {
	constructor(private readonly credentials: Credentials) {
		super();
	}

	getParentTypes = () => [];

	async authenticate(
		data: ICredentialDataDecryptedObject,
		typeName: string,
		requestOptions: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> {
		const { authenticate } = (await loadPackage()).getCredential(typeName).type;
		if (typeof authenticate !== 'function') throw new Error(`${typeName} cannot authenticate`);
		return await authenticate(data, requestOptions);
	}

	preAuthentication = async () => await Promise.resolve(undefined);

	getDecrypted = async (_: unknown, __: unknown, type: string) =>
		await Promise.resolve({ ...this.credentials[type] });

	getCredentialsProperties(typeName: string) {
		return loader?.getCredential(typeName).type.properties ?? [];
	}

	getCredentials = notSupported;
	updateCredentials = notSupported;
	updateCredentialsOauthTokenData = notSupported;
}

function notSupported(): never {
	throw new Error('This part of n8n is not available in the harness');
}

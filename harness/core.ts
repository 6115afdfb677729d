/**
 * The built package inside the real n8n-core: its package loader, workflow engine, contexts, HTTP helpers and binary
 * store. Nothing is mocked; only the credentials come from the test instead of n8n's database.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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

const PACKAGE = resolve(__dirname, '..');
export const NODE = 'Veo';

/** The credentials that a test's nodes use, by type. */
export type Credentials = Record<string, ICredentialDataDecryptedObject>;

export interface RunOptions {
	/** The node's parameters; the form's defaults stand in for what is left out, as in the editor. */
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
	/** What the executions list can be filtered by. */
	customData: Record<string, string>;
}

export interface Running {
	done: Promise<Ran>;
	/** What the user's Stop does. */
	stop(): void;
}

let loader: PackageDirectoryLoader | undefined;

export async function loadPackage(): Promise<PackageDirectoryLoader> {
	if (!loader) {
		loader = new PackageDirectoryLoader(PACKAGE);
		await loader.loadAll();
	}
	return loader;
}

export interface N8n {
	folder: string;
	/** Everything that n8n has logged so far, at its most talkative level. */
	logged(): Promise<string>;
	close(): void;
}

/** Sets up n8n's binary store and log in a folder of their own. */
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
		// Its timer would keep the tests' process alive.
		Container.get(SSHClientsManager).onShutdown();
		try {
			rmSync(folder, { recursive: true, force: true });
		} catch (thrown) {
			// n8n's log stays open, and to Node.js 20 on Windows a folder with an open file in it is not empty.
			if (process.platform !== 'win32') throw thrown;
		}
	};
	const logged = async () => {
		// n8n writes its log in the background: what it says now comes after all that it said before.
		const mark = `mark ${Date.now()}`;
		LoggerProxy.debug(mark);
		for (;;) {
			const log = readFileSync(logFile, 'utf8');
			if (log.includes(mark)) return log;
			await sleep(10);
		}
	};
	return { folder, logged, close };
}

/** What "Test" in the editor's credential form does, by the function that the node names for it. */
export async function testCredential(
	data: ICredentialDataDecryptedObject,
): Promise<INodeCredentialTestResult> {
	const veo = (await loadPackage()).nodeTypes.veo?.type as INodeType;
	const { testedBy } = veo.description.credentials?.find(({ name }) => name === 'veoApi') ?? {};
	const test = typeof testedBy === 'string' ? veo.methods?.credentialTest?.[testedBy] : undefined;
	if (!test) throw new Error('The node names no test for its credential');
	return await test.call(new CredentialTestContext(), {
		id: 'veoApi',
		name: 'Veo API',
		type: 'veoApi',
		data,
	});
}

/** Stores a file as an earlier node would have, for an input item's `binary`. */
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

/** Runs the node on items in a workflow of two nodes, and waits for its end. */
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
	return { done: execution.then(toRan), stop: () => execution.cancel() };
}

/** Runs a failed execution again, as "Retry with currently saved workflow" in n8n's executions list does. */
export async function retryRun({ run }: Ran, options: RunOptions): Promise<Ran> {
	const data: IRunExecutionData = structuredClone(run.data);
	const { lastNodeExecuted, runData } = data.resultData;
	delete data.resultData.error;
	if (lastNodeExecuted) runData[lastNodeExecuted]?.pop();
	const workflow = await createWorkflow(options);
	for (const waiting of data.executionData?.nodeExecutionStack ?? []) {
		waiting.node = workflow.getNode(waiting.node.name) ?? waiting.node;
	}
	const additionalData = createAdditionalData(options.credentials, 'retry', options.executionId);
	return toRan(
		await new WorkflowExecute(additionalData, 'retry', data).processRunExecutionData(workflow),
	);
}

function toRan(run: IRun): Ran {
	const { runData, metadata, error } = run.data.resultData;
	const task: ITaskData | undefined = runData[NODE]?.at(-1);
	const outputs = (task?.data?.main ?? []).map((items) => items ?? []);
	return { run, outputs, error: task?.error ?? error, customData: metadata ?? {} };
}

async function createWorkflow({ parameters, items, node, credentials }: RunOptions) {
	const { nodeTypes: ours } = await loadPackage();
	const items_ = new Items(items ?? [{ json: {} }]);
	const type = (name: string): INodeType =>
		name === 'test.items' ? items_ : (ours[name.split('.')[1] ?? '']?.type as INodeType);
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

/** A node that gives the test's items, in place of whatever comes before in a user's workflow. */
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
		executeWorkflow: notHere,
		getRunExecutionData: notHere,
		startRunnerTask: notHere,
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

/** What n8n's own helper does with the package's credential types, on data that the test gives. */
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

	getCredentials = notHere;
	updateCredentials = notHere;
	updateCredentialsOauthTokenData = notHere;
}

function notHere(): never {
	throw new Error('This part of n8n is not here');
}

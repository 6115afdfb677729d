/** What users of such APIs reported, in a real n8n. Each test stands for a kind of behaviour of the API or of n8n. */
import {
	type Emulator,
	type EmulatorOptions,
	failedWithCode,
	type Fault,
	lateFile,
	lateVideoUrl,
	lostAnswer,
	maxAcceptedJobs,
	maxRunningJobs,
	refuse,
	startEmulator,
	tooManyTasks,
} from '../../emulator';
import { type Execution, itemsOf } from '../../harness/execution';
import { Tables, uuidsOf } from '../../harness/jobTables';
import { emulatorKey, type N8nHarness } from '../../harness/n8nHarness';
import { errorOf, RetryScenario, shownFailure } from '../../harness/retryScenario';
import { chain, items, node, type NodeSettings, webhook } from '../../harness/workflow';
import { startSelfSignedServer, type TestServer } from '../integration/network';
import { inParallel } from './parallelTests';

let tables: Tables;
let harness: N8nHarness;
let selfSigned: TestServer;
const emulators: Emulator[] = [];

beforeAll(async () => {
	tables = await Tables.start();
	({ harness } = tables);
	selfSigned = await startSelfSignedServer();
});

afterAll(async () => {
	await harness.close();
	await selfSigned.close();
	await Promise.all(emulators.map(async (emulator) => await emulator.close()));
});

/** Adds a fault for requests about jobs with this prompt. */
function strike(prompt: string, fault: Fault): void {
	const { options } = harness.emulator;
	options.faults = [...(options.faults ?? []), { ...fault, prompt }];
}

const jobsOf = (prompt: string) =>
	harness.emulator.jobs.filter(({ request }) => request.prompt.includes(prompt));

/** Runs Generate and Wait on the rows. */
async function run(
	rows: object[],
	parameters: object = {},
	settings: NodeSettings = {},
): Promise<Execution> {
	const shared = { operation: 'generateAndWait', prompt: '={{ $json.prompt }}' };
	const veo = harness.veo('Veo', { ...shared, ...parameters }, settings);
	return await harness.runInProduction(chain('Case', webhook(), items('Rows', rows), veo));
}

/** An API of its own, for limits that count all jobs. Returns its node settings too. */
async function ownApi(options: EmulatorOptions) {
	const emulator = await startEmulator({ durationMs: 1000, ...options });
	emulators.push(emulator);
	const data = { apiKey: emulatorKey, baseUrl: emulator.url };
	const { id, name } = await harness.client.createCredential('Own', 'veoApi', data);
	return { emulator, settings: { credentials: { veoApi: { id, name } } } };
}

const rows = (count: number) =>
	Array.from({ length: count }, (_, index) => ({ prompt: `Row ${index}` }));

describe('An answer that comes late', () => {
	inParallel({
		'is the file of a video: it is tried again': async () => {
			strike('late file', lateFile({ requests: 2 }));
			const execution = await run([{ prompt: 'A late file' }], { downloadVideo: true });
			const [item] = itemsOf(execution, 'Veo');
			expect(item?.json).toMatchObject({ status: 'completed' });
			expect(item?.binary.data?.mimeType).toBe('video/mp4');
			expect(jobsOf('late file')).toMatchObject([{ fileRequests: 3 }]);
		},

		'is the URL of a video: its status is checked again': async () => {
			strike('late URL', lateVideoUrl({ requests: 1 }));
			const [item] = itemsOf(await run([{ prompt: 'A late URL' }], { downloadVideo: true }), 'Veo');
			expect(item?.json).toMatchObject({ status: 'completed' });
			expect(item?.json.videoUrl).toContain('.mp4');
			expect(item?.binary.data?.mimeType).toBe('video/mp4');
		},
	});
});

describe('A limit of the API', () => {
	inParallel({
		'of two jobs at a time is waited out': async () => {
			const faults = [maxRunningJobs(2, tooManyTasks('code1003'))];
			const { emulator, settings } = await ownApi({ durationMs: 6000, faults });
			const execution = await run(rows(4), { options: { maxRetries: 0 } }, settings);
			const statuses = itemsOf(execution, 'Veo').map(({ json }) => json.status);
			expect(statuses).toEqual(Array(4).fill('completed'));
			expect(emulator.jobs).toHaveLength(4);
		},

		'of three submissions in some seconds is waited out': async () => {
			const faults = [maxAcceptedJobs({ jobs: 3, perMs: 6000 }, tooManyTasks('http429'))];
			const { emulator, settings } = await ownApi({ faults });
			const execution = await run(rows(7), { operation: 'generate' }, settings);
			expect(itemsOf(execution, 'Veo')).toHaveLength(7);
			expect(emulator.jobs).toHaveLength(7);
		},
	});
});

describe('An answer that the reference does not describe', () => {
	inParallel({
		'failed under code 5000 ends the wait': async () => {
			strike('policy', failedWithCode(5000, 'rejected by the content policy'));
			const execution = await run([{ prompt: 'It fails by policy' }]);
			expect(execution.status).toBe('error');
			expect(shownFailure(execution)).toContain(
				`Video ${jobsOf('policy')[0]?.uuid} could not be made: rejected by the content policy`,
			);
			expect(jobsOf('policy')).toHaveLength(1);
		},

		'an unknown code with HTTP 402 is a refusal': async () => {
			strike('unknown code', refuse(402, { code: 4242, msg: 'No video for you' }));
			const execution = await run([{ prompt: 'An unknown code' }]);
			expect(execution.status).toBe('error');
			expect(shownFailure(execution)).toContain('HTTP 402: No video for you');
			expect(shownFailure(execution)).not.toContain('unclear');
		},
	});
});

describe('A field from a spreadsheet or a model', () => {
	inParallel({
		'is an object as the prompt: its JSON text is sent': async () => {
			const scene = { subject: 'a fox in JSON', camera: ['pan', 'zoom'] };
			await run([{ scene }], { prompt: '={{ $json.scene }}' });
			const prompts = jobsOf('a fox in JSON').map(({ request }) => request.prompt);
			expect(prompts).toEqual([JSON.stringify(scene)]);
		},

		'is an object within a text: it is refused unpaid': async () => {
			const row = { scene: { subject: 'a fox' } };
			const execution = await run([row], { prompt: '=Lost in {{ $json.scene }}' });
			expect(execution.status).toBe('error');
			expect(shownFailure(execution)).toContain('contains "[object Object]"');
			expect(shownFailure(execution)).toContain('JSON.stringify');
			expect(jobsOf('Lost in')).toEqual([]);
		},

		'is an aspect ratio with blanks: it is trimmed': async () => {
			const tall = { prompt: 'A tall video', ratio: '9:16\n' };
			const execution = await run([tall], { aspectRatio: '={{ $json.ratio }}' });
			expect(execution.status).toBe('success');
			expect(jobsOf('A tall video')).toMatchObject([{ request: { aspectRatio: '9:16' } }]);
		},
	});
});

describe('An item that fails', () => {
	inParallel({
		'has the URL of its video beside the message': async () => {
			const videoUrl = `https://127.0.0.1:${selfSigned.port}/a.mp4`;
			strike('no download', { on: 'status', do: { type: 'alter', data: { videoUrl } } });
			const continues = { onError: 'continueRegularOutput' as const };
			const execution = await run([{ prompt: 'no download' }], { downloadVideo: true }, continues);
			const [item] = itemsOf(execution, 'Veo');
			expect(item?.json).toMatchObject({ uuid: jobsOf('no download')[0]?.uuid, videoUrl });
			expect(errorOf(item)).toContain('could not be downloaded');
		},

		'because its submission is unclear lets the others out at no further cost': async () => {
			const scenario = new RetryScenario(harness, 'unclear', 3);
			scenario.strike(1, lostAnswer('every'));
			await scenario.set({ options: { maxRetries: 0 } });
			const execution = await scenario.run();
			expect(execution.status).toBe('error');
			const message = shownFailure(execution);
			expect(message).toContain("set 'On Error' in the node's settings to 'Continue', save");
			expect(message).toContain("'Retry with currently saved workflow'");

			await scenario.change({ settings: { onError: 'continueRegularOutput' } });
			const out = itemsOf(await scenario.retry(execution, true), 'Veo');
			const statuses = out.map(({ json }) => json.status ?? 'none');
			expect(statuses).toEqual(['completed', 'none', 'completed']);
			expect(errorOf(out[1])).toContain('unclear');
			expect(scenario.sent).toEqual([1, 1, 1]);
		},
	});
});

describe('A call that is repeated', () => {
	/** A workflow that others call, with a key for each item. Returns its ID. */
	async function subWorkflow(jobTableName: string): Promise<string> {
		const trigger = node('Called', 'n8n-nodes-base.executeWorkflowTrigger', 1.1, {
			inputSource: 'passthrough',
		});
		const veo = tables.tracked(jobTableName, {
			operation: 'generateAndWait',
			prompt: '={{ $json.prompt }}',
			options: { idempotencyKey: '={{ $json.prompt }}' },
		});
		const { id } = await harness.save(chain('Sub', trigger, veo));
		await harness.client.activateWorkflow(id);
		return id;
	}

	inParallel({
		'of a sub-workflow, by Retry On Fail and by Retry, pays once for each key': async () => {
			const prompts = ['sub, one', 'sub, two fails', 'sub, three'];
			const workflowId = { __rl: true, mode: 'id', value: await subWorkflow('veo_sub') };
			const call = node(
				'Call',
				'n8n-nodes-base.executeWorkflow',
				1.2,
				{ workflowId, options: {} },
				{ retryOnFail: true, maxTries: 3, waitBetweenTries: 200 },
			);
			const list = items(
				'Rows',
				prompts.map((prompt) => ({ prompt })),
			);
			const execution = await harness.runInProduction(chain('Parent', webhook(), list, call));
			expect(execution.status).toBe('error');
			expect(jobsOf('sub, ')).toHaveLength(3);
			expect((await harness.client.retryExecution(execution.id)).status).toBe('error');
			expect(jobsOf('sub, ')).toHaveLength(3);
			expect(await tables.rows('veo_sub')).toHaveLength(3);
		},

		'while the first one still runs takes up its video with Reuse Identical': async () => {
			const prompt = '15 s, called twice';
			const parameters = {
				operation: 'generateAndWait',
				prompt,
				options: { reuseIdentical: true },
			};
			const workflow = chain('Tool', webhook(), tables.tracked('veo_reuse', parameters));
			const { id } = await harness.save(workflow);
			await harness.client.activateWorkflow(id);
			const path = String(workflow.nodes[0].webhookId);
			const first = await harness.client.runByWebhook(id, path);
			await harness.waitUntil(() => (jobsOf('called twice')[0]?.statusChecks ?? 0) > 0);
			const second = await harness.client.runByWebhook(id, path);
			const executions = await Promise.all(
				[first, second].map(async (one) => await harness.client.waitForExecution(one)),
			);
			const uuid = jobsOf('called twice')[0]?.uuid;
			const uuids = executions.map((execution) => uuidsOf(itemsOf(execution, 'Veo')));
			expect(uuids).toEqual([[uuid], [uuid]]);
			expect(jobsOf('called twice')).toHaveLength(1);
		},
	});
});

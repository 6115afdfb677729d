import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { itemsOf, type Execution, type Item } from '../../harness/execution';
import type { Fault, Kind } from '../../emulator';
import { emulatorKey, N8nHarness } from '../../harness/n8nHarness';
import {
	errorOf,
	fails,
	RetryScenario,
	takesLong,
	text,
	threeTries,
	shownFailure,
	type Veo,
} from '../../harness/retryScenario';
import { inParallel } from './parallelTests';
import { node, type NodeSettings } from '../../harness/workflow';

const ten = Array.from({ length: 10 }, (_, index) => index);
/** The index of the item that the faults are about. */
const bad = 3;

let harness: N8nHarness;
const scenarios: RetryScenario[] = [];

function scenario(...args: [name: string, count?: number, hints?: Record<number, string>]) {
	const made = new RetryScenario(harness, ...args);
	scenarios.push(made);
	return made;
}

beforeAll(async () => {
	harness = await N8nHarness.start({
		emulator: {
			durationMs: ({ prompt }) => (prompt.includes(takesLong) ? 600_000 : 1000),
			outcome: ({ prompt }) => (prompt.includes(fails) ? 'failed' : 'completed'),
			failureMessage: 'The clouds came out square',
		},
		n8nEnv: { N8N_LOG_LEVEL: 'debug' },
	});
});

afterAll(async () => {
	console.table(scenarios.map(({ figures }) => figures));
	await harness.close();
});

const each = (indices: number[], count: number, otherwise: number) =>
	ten.map((index) => (indices.includes(index) ? count : otherwise));

function expectAllItems(execution: Execution, { prompts, jobs }: RetryScenario): void {
	expect(execution.error).toBeUndefined();
	expect(execution.status).toBe('success');
	const out = itemsOf(execution, 'Veo');
	expect(out.map(({ json }) => json.prompt)).toEqual(prompts);
	expect(out.map(({ json }) => json.status)).toEqual(prompts.map(() => 'completed'));
	expect(out.map(({ pairedItem }) => pairedItem)).toEqual(prompts.map((_, item) => ({ item })));
	const uuids = jobs.map(({ uuid }) => uuid);
	expect(uuids).toEqual(expect.arrayContaining(out.map(({ json }) => json.uuid)));
	expect(new Set(out.map(({ json }) => json.uuid)).size).toBe(prompts.length);
}

/** The execution failed with this message, and it contains the `uuid` of each job whose submission was answered. */
function expectFailedExecution(
	execution: Execution,
	{ jobs }: RetryScenario,
	message: RegExp,
	unknownUuids: string[] = [],
) {
	expect(execution.status).toBe('error');
	expect(text(execution.error?.message)).toMatch(message);
	// The output of earlier loop turns counts too.
	const shown = shownFailure(execution) + JSON.stringify(execution.runs);
	const known = jobs.map(({ uuid }) => uuid).filter((uuid) => !unknownUuids.includes(uuid));
	expect(known.filter((uuid) => !shown.includes(uuid))).toEqual([]);
}

describe('Retry On Fail, then Retry in the executions list', () => {
	/**
	 * The submission of one of ten items is refused. n8n tries three times, and the user retries twice. Once the cause is
	 * gone, the next retry returns all ten videos, and each was paid once.
	 */
	const refused =
		(name: string, fault: Fault['do'], message: RegExp, sentByTry: number) => async () => {
			const one = scenario(name);
			one.strike(bad, { on: 'generate', do: fault });
			await one.set({ options: { maxRetries: 1 }, settings: threeTries });

			let execution = await one.run();
			for (let executions = 1; ; executions++) {
				expectFailedExecution(execution, one, message);
				expect(one.paid).toEqual(each([bad], 0, 1));
				expect(one.sent).toEqual(each([bad], executions * 3 * sentByTry, 1));
				if (executions === 3) break;
				execution = await one.retry(execution);
			}

			one.heal();
			expectAllItems(await one.retry(execution), one);
			expect(one.paid).toEqual(each([], 0, 1));
		};

	/** The API accepts one of ten submissions, but its answer never arrives. */
	const unclear = (name: string, fault: Fault['do'], options: object) => async () => {
		const one = scenario(name);
		one.strike(bad, { on: 'generate', accept: true, do: fault });
		await one.set({ options, settings: threeTries });

		let execution = await one.run();
		const unknownUuids = one.jobsOf(bad).map(({ uuid }) => uuid);
		one.heal();
		for (let executions = 1; ; executions++) {
			expectFailedExecution(execution, one, /unclear whether the API accepted/, unknownUuids);
			expect(text(execution.error?.description)).toMatch(/may have been accepted and billed/);
			expect(text(execution.error?.message)).toContain(`[item ${bad}]`);
			expect(one.paid).toEqual(each([], 0, 1));
			expect(one.sent).toEqual(each([], 0, 1));
			if (executions === 4) break;
			execution = await one.retry(execution);
		}

		expectAllItems(await one.run(), one);
		expect(one.paid).toEqual(each([], 0, 2));
	};

	/** One of ten items fails after its video was paid for, and succeeds once the cause is gone. */
	const failsAfterPayment =
		(name: string, fault: Omit<Fault, 'prompt'>, message: RegExp, veo: object) => async () => {
			const one = scenario(name);
			one.strike(bad, fault);
			await one.set({ settings: threeTries, ...veo });

			let execution = await one.run();
			for (let executions = 1; ; executions++) {
				expectFailedExecution(execution, one, message);
				expect(text(execution.error?.message)).toContain(one.jobsOf(bad)[0]?.uuid);
				expect(one.paid).toEqual(each([], 0, 1));
				expect(one.sent).toEqual(each([], 0, 1));
				expect(
					one.requests(fault.on).filter((request) => request.fault).length,
				).toBeGreaterThanOrEqual(executions * 3);
				if (executions === 3) break;
				execution = await one.retry(execution);
			}

			one.heal();
			expectAllItems(await one.retry(execution), one);
			expect(one.sent).toEqual(each([], 0, 1));
		};

	inParallel({
		'the paid request is refused with HTTP 422': refused(
			'refused with 422',
			{ type: 'http', status: 422 },
			/answered with HTTP 422/,
			1,
		),
		'the paid request is refused with code 1000': refused(
			'refused with 1000',
			{ type: 'envelope', code: 1000 },
			/did not accept the input/,
			1,
		),
		'the paid request is refused by a rate limit': async () => {
			const one = scenario('rate limit');
			one.strike(bad, { on: 'generate', occurrence: [1, 2, 3], do: { type: 'http', status: 429 } });
			await one.set({ options: { maxRetries: 0 } });
			expectAllItems(await one.run(), one);
			expect(one.paid).toEqual(each([], 0, 1));
			expect(one.sent).toEqual(each([bad], 4, 1));
		},
		'the key is refused, for which n8n itself would repeat the request': refused(
			'refused with 401',
			{ type: 'http', status: 401 },
			/refused the key/,
			1,
		),

		'the paid request is refused in the first try only': async () => {
			const one = scenario('refused at first');
			one.strike(bad, {
				on: 'generate',
				occurrence: [1, 2],
				do: { type: 'envelope', code: 1003 },
			});
			await one.set({ options: { maxRetries: 1 }, settings: threeTries });
			expectAllItems(await one.run(), one);
			expect(one.paid).toEqual(each([], 0, 1));
			expect(one.sent).toEqual(each([bad], 3, 1));
		},

		'no connection at all': async () => {
			const one = scenario('connection refused');
			const { apiKey, baseUrl } = harness.credential.data;
			const away = await harness.client.createCredential('Away', 'veoApi', {
				apiKey,
				baseUrl: 'http://127.0.0.1:9/api',
			});
			await one.set({
				options: { maxRetries: 0 },
				settings: { ...threeTries, credentials: { veoApi: { id: away.id, name: away.name } } },
			});
			const execution = await one.run();
			expectFailedExecution(execution, one, /could not be reached/);
			expect(one.sent).toEqual(each([], 0, 0));

			await harness.client.updateCredential({ ...away, data: { apiKey, baseUrl } });
			expectAllItems(await one.retry(execution), one);
			expect(one.paid).toEqual(each([], 0, 1));
			expect(one.sent).toEqual(each([], 0, 1));
		},

		'the connection breaks before the paid answer': unclear(
			'reset before the answer',
			{ type: 'resetBeforeAnswer' },
			{},
		),
		'the connection breaks in the middle of the paid answer': unclear(
			'reset in the answer',
			{ type: 'resetMidAnswer' },
			{},
		),
		'the paid answer does not come': unclear(
			'no answer',
			{ type: 'hang' },
			// Long enough for the nine other items on a busy machine.
			{ requestTimeout: 5 },
		),

		'the job fails at the API': async () => {
			const one = scenario('job fails', 10, { [bad]: fails });
			await one.set({ settings: threeTries });
			let execution = await one.run();
			for (let executions = 1; ; executions++) {
				// Retry On Fail checks the same job again. Each Retry by the user makes the failed video again once.
				const known = one.jobs.map(({ uuid }) => uuid);
				const replaced = one
					.jobsOf(bad)
					.slice(0, -1)
					.map(({ uuid }) => uuid);
				expectFailedExecution(execution, one, /The clouds came out square/, replaced);
				expect(text(execution.error?.message)).toContain(one.jobsOf(bad).at(-1)?.uuid);
				expect(one.paid).toEqual(each([bad], executions, 1));
				expect(one.sent).toEqual(each([bad], executions, 1));
				expect(known).toHaveLength(9 + executions);
				if (executions === 3) break;
				execution = await one.retry(execution);
			}
		},

		'the key is refused while the video is being made': failsAfterPayment(
			'key refused while waiting',
			{ on: 'status', do: { type: 'http', status: 401 } },
			/The API refused the key while video/,
			{ parameters: { downloadVideo: true } },
		),
		'the wait times out': failsAfterPayment(
			'wait times out',
			{
				on: 'status',
				do: { type: 'alter', data: { status: 'processing', videoUrl: undefined } },
			},
			/was not finished after 6 seconds/,
			{ options: { maxWaitTime: 6 } },
		),

		'the wait times out, and the retry runs with the changed workflow': async () => {
			const one = scenario('wait times out, then changed', 3);
			one.strike(1, {
				on: 'status',
				occurrence: [1, 2, 3],
				do: { type: 'alter', data: { status: 'processing', videoUrl: undefined } },
			});
			await one.set({ options: { maxWaitTime: 6 } });
			const execution = await one.run();
			expectFailedExecution(
				execution,
				one,
				/was not finished after 6 seconds.* raise 'Max Wait Time'/,
			);
			await one.change({ options: { maxWaitTime: 60 } });
			expectAllItems(await one.retry(execution, true), one);
			expect(one.sent).toEqual([1, 1, 1]);
		},

		'the retry pays only for the items that were not submitted': async () => {
			const one = scenario('three at a time');
			one.strike(bad, { on: 'generate', do: { type: 'envelope', code: 1000 } });
			await one.set({ options: { maxRetries: 0, maxConcurrentJobs: 3 } });
			const execution = await one.run();
			expectFailedExecution(execution, one, /did not accept the input/);
			expect(one.paid.slice(0, bad)).toEqual([1, 1, 1]);
			expect(one.paid.slice(6)).toEqual([0, 0, 0, 0]);

			one.heal();
			expectAllItems(await one.retry(execution), one);
			expect(one.paid).toEqual(each([], 0, 1));
			expect(one.sent).toEqual(each([bad], 2, 1));
		},
	});
});

describe('Items that fail under "continue"', () => {
	const failedJob = 0;
	const noVideo = 4;
	const maybePaid = 7;
	const notPaid = 8;
	const failing = [failedJob, noVideo, maybePaid, notPaid];
	const fine = ten.filter((index) => !failing.includes(index));

	/**
	 * Four of ten items fail, each at another stage. The first item is one of them, because n8n repeats the node if the
	 * first output item has an `error`.
	 */
	async function set(name: string, settings: NodeSettings, first = fails): Promise<RetryScenario> {
		const one = scenario(name, 10, { [failedJob]: first });
		one.strike(noVideo, { on: 'status', do: { type: 'http', status: 401 } });
		one.strike(maybePaid, { on: 'generate', accept: true, do: { type: 'resetBeforeAnswer' } });
		one.strike(notPaid, { on: 'generate', do: { type: 'envelope', code: 1000 } });
		await one.set(
			{
				parameters: { downloadVideo: true },
				options: { maxRetries: 0 },
				settings,
			},
			[node('Next', 'n8n-nodes-base.noOp', 1, {}), node('Failed', 'n8n-nodes-base.noOp', 1, {})],
		);
		return one;
	}

	function expectFailed(one: RetryScenario, itemIndex: number, item: Item | undefined): void {
		const uuid = one.jobsOf(itemIndex)[0]?.uuid;
		const known = { [failedJob]: uuid, [noVideo]: uuid }[itemIndex];
		expect(item?.json.uuid).toBe(known);
		const message = errorOf(item);
		expect(message).toContain(`[item ${itemIndex}]`);
		if (known !== undefined) expect(message).toContain(known);
		expect(message).toMatch(
			{
				[failedJob]: /The clouds came out square/,
				[noVideo]: /refused the key while video/,
				[maybePaid]: /unclear whether the API accepted .* may have been accepted and billed/,
				[notPaid]: /did not accept the input/,
			}[itemIndex] ?? /never/,
		);
		expect(item?.pairedItem).toEqual({ item: itemIndex });
	}

	function expectFine(one: RetryScenario, itemIndex: number, item: Item | undefined): void {
		expect(item?.json).not.toHaveProperty('error');
		expect(item?.json).toMatchObject({
			uuid: one.jobsOf(itemIndex)[0]?.uuid,
			prompt: one.prompts[itemIndex],
			status: 'completed',
		});
		expect(item?.binary.data?.mimeType).toBe('video/mp4');
		expect(item?.pairedItem).toEqual({ item: itemIndex });
	}

	const regular = (name: string, settings: NodeSettings, tries: number) => async () => {
		const one = await set(name, { ...settings, onError: 'continueRegularOutput' });
		const execution = await one.run();
		expect(execution.status).toBe('success');
		const out = itemsOf(execution, 'Veo');
		expect(out).toHaveLength(10);
		for (const index of failing) expectFailed(one, index, out[index]);
		for (const index of fine) expectFine(one, index, out[index]);
		expect(itemsOf(execution, 'Next').map(({ json }) => json)).toEqual(out.map(({ json }) => json));
		expect(one.paid).toEqual(each([notPaid], 0, 1));
		expect(one.sent).toEqual(each([notPaid], tries, 1));
	};

	const errorOutput = (name: string, settings: NodeSettings, tries: number) => async () => {
		const one = await set(name, { ...settings, onError: 'continueErrorOutput' });
		const execution = await one.run();
		expect(execution.status).toBe('success');
		const good = itemsOf(execution, 'Veo');
		expect(good).toHaveLength(fine.length);
		for (const [place, index] of fine.entries()) expectFine(one, index, good[place]);
		const wrong = itemsOf(execution, 'Veo', 1);
		expect(wrong).toHaveLength(failing.length);
		for (const [place, index] of failing.entries()) {
			expectFailed(one, index, wrong[place]);
			// n8n adds the fields of the input item.
			expect(wrong[place]?.json.prompt).toBe(one.prompts[index]);
		}
		// The next nodes receive the same items.
		const received = (name: string) => itemsOf(execution, name).map(({ json }) => json);
		expect(received('Next')).toEqual(good.map(({ json }) => json));
		expect(received('Failed')).toEqual(wrong.map(({ json }) => json));
		expect(one.paid).toEqual(each([notPaid], 0, 1));
		expect(one.sent).toEqual(each([notPaid], tries, 1));
		expect(shownFailure(execution)).toContain(one.jobsOf(failedJob)[0]?.uuid);
	};

	inParallel({
		'go to the regular output': regular('continue', {}, 1),
		'go to the regular output after three tries': regular('continue, three tries', threeTries, 3),
		'go to the error output': errorOutput('error output', {}, 1),
		'go to the error output after three tries': errorOutput(
			'error output, three tries',
			threeTries,
			3,
		),
		'make n8n retry only if the first item is one of them': async () => {
			const one = await set(
				'continue, first item fine',
				{ ...threeTries, onError: 'continueRegularOutput' },
				'a normal job',
			);
			const out = itemsOf(await one.run(), 'Veo');
			expectFine(one, failedJob, out[failedJob]);
			expectFailed(one, noVideo, out[noVideo]);
			expect(one.sent).toEqual(each([], 0, 1));
		},
	});
});

describe('A loop with the same prompt in each of its three turns', () => {
	const prompts = (execution: Execution) =>
		execution.runs.Veo?.map(({ outputs }) => outputs[0]?.map(({ json }) => json.prompt));
	const uuids = (execution: Execution) =>
		execution.runs.Veo?.flatMap(({ outputs }) => outputs[0]?.map(({ json }) => json.uuid) ?? []);

	function expectThree(execution: Execution, one: RetryScenario): void {
		expect(execution.error).toBeUndefined();
		expect(execution.status).toBe('success');
		expect(prompts(execution)).toEqual([[one.prompts[0]], [one.prompts[0]], [one.prompts[0]]]);
		expect(uuids(execution)).toEqual(one.jobs.map(({ uuid }) => uuid));
		expect(one.jobs).toHaveLength(3);
	}

	inParallel({
		'pays for each turn': async () => {
			const one = scenario('loop', 3);
			await one.setLoop({ settings: threeTries });
			expectThree(await one.run(), one);
			expect(one.requests('generate')).toHaveLength(3);
		},

		'pays for each turn of a new execution': async () => {
			const one = scenario('loop, run twice', 3);
			await one.setLoop({});
			expectThree(await one.run(), one);
			expect((await one.run()).status).toBe('success');
			expect(one.jobs).toHaveLength(6);
		},

		'whose second turn is refused': async () => {
			const one = scenario('loop, second turn refused', 3);
			one.strike(0, { on: 'generate', occurrence: 2, do: { type: 'envelope', code: 1000 } });
			await one.setLoop({ options: { maxRetries: 0 } });
			const execution = await one.run();
			expectFailedExecution(execution, one, /did not accept the input/);
			expect(one.jobs).toHaveLength(1);

			expectThree(await one.retry(execution), one);
			expect(one.requests('generate')).toHaveLength(4);
		},

		'whose second turn fails after it was paid for': async () => {
			const one = scenario('loop, second turn without download', 3);
			await one.setLoop({ parameters: { downloadVideo: true } });
			const id = await one.start();
			await harness.waitUntil(() => one.jobs.length === 2);
			const [, second] = one.jobs;
			if (second === undefined) throw new Error('No second job');
			one.strikeJob(second, { on: 'status', do: { type: 'http', status: 401 } });

			let execution = await one.end(id);
			expectFailedExecution(execution, one, /refused the key while video/);
			execution = await one.retry(execution);
			expectFailedExecution(execution, one, /refused the key while video/);
			expect(one.jobs).toHaveLength(2);

			one.heal();
			expectThree(await one.retry(execution), one);
			expect(one.requests('generate')).toHaveLength(3);
		},
	});
});

describe('Stop', () => {
	/**
	 * Stops an execution while a request or a sleep is in progress. Both n8n and the API must see it end at once: requests
	 * are aborted, and no request follows, although the next status check would have been due within the observed time.
	 */
	const stopped =
		(
			name: string,
			{ fault, within, veo }: { fault?: Omit<Fault, 'prompt'>; within?: Kind; veo?: Veo },
		) =>
		async () => {
			const one = scenario(name, 1, { 0: within === 'video' ? '' : takesLong });
			if (fault) one.strike(0, fault);
			await one.set(veo);
			const id = await one.start();
			const waitedFor = within ?? 'status';
			await harness.waitUntil(() => one.requests(waitedFor).length > 0);
			// In the middle of the sleep, the request or the body.
			await sleep(1500);

			const stoppedAt = Date.now();
			await harness.client.stopExecution(id);
			const execution = await one.end(id);
			expect(execution.status).toBe('canceled');
			expect(Date.now() - stoppedAt).toBeLessThan(3000);
			const sent = one.requests().length;
			const last = one.requests(waitedFor).at(-1);
			expect(last?.answered).toBe(within === undefined ? 200 : 'aborted');
			await sleep(8000);
			expect(one.requests()).toHaveLength(sent);
			expect(one.paid).toEqual([1]);

			// The execution's highlighted data has the `uuid`, if the API had answered.
			const { customData } = await harness.client.execution(id);
			const uuid = one.jobs[0]?.uuid;
			expect(customData.veo_uuid).toBe(within === 'generate' ? undefined : uuid);
		};

	inParallel({
		'in the middle of waiting': stopped('stopped while waiting', {}),
		'in the middle of a status check': stopped('stopped in a status check', {
			fault: { on: 'status', do: { type: 'hang' } },
			within: 'status',
		}),
		'in the middle of the paid request': stopped('stopped in the paid request', {
			fault: { on: 'generate', accept: true, do: { type: 'hang' } },
			within: 'generate',
		}),
		'in the middle of a download': stopped('stopped in a download', {
			fault: { on: 'video', do: { type: 'trickle', everyMs: 200 } },
			within: 'video',
			veo: { parameters: { downloadVideo: true } },
		}),
		'although Retry On Fail is on': stopped('stopped with three tries', {
			veo: { settings: threeTries },
		}),
	});
});

describe('A failed execution', () => {
	it('has the IDs of its videos in its highlighted data', async () => {
		const one = scenario('custom data');
		one.strike(bad, { on: 'generate', do: { type: 'envelope', code: 1000 } });
		await one.set({ options: { maxRetries: 0 } });
		const { customData } = await one.run();
		const recorded = ['veo_uuid', 'veo_uuid_2'].flatMap((key) => text(customData[key]).split(','));
		expect(recorded.sort()).toEqual(one.jobs.map(({ uuid }) => uuid).sort());
		expect(recorded).toHaveLength(9);
	});
});

describe('The key', () => {
	it('is not sent to redirect targets or to the video host, and is in no message', async () => {
		const one = scenario('key', 3);
		const elsewhere = `http://localhost:${harness.emulator.port}/elsewhere`;
		one.strike(0, {
			on: 'generate',
			do: { type: 'http', status: 307, headers: { location: elsewhere } },
		});
		one.strike(1, {
			on: 'generate',
			do: { type: 'envelope', code: 1000, msg: `Unknown key ${emulatorKey}` },
		});
		await one.set({
			parameters: { downloadVideo: true },
			settings: { onError: 'continueRegularOutput' },
		});
		const out = itemsOf(await one.run(), 'Veo').map(errorOf);
		expect(out).toEqual([
			expect.stringMatching(/redirect/),
			expect.stringMatching(/Unknown key \*+/),
			'',
		]);
		expect(one.sent).toEqual([1, 1, 1]);
		expect(harness.emulator.requests.filter(({ path }) => path.includes('elsewhere'))).toEqual([]);
		const videos = harness.emulator.requests.filter(({ kind }) => kind === 'video');
		expect(videos.length).toBeGreaterThan(0);
		expect(videos.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
	});

	// The last test: it checks all executions of this file.
	it('is in no execution and not in the debug log', async () => {
		const { client } = harness;
		const ids = scenarios.flatMap(({ executions }) => executions.map(({ id }) => id));
		expect(ids.length).toBeGreaterThan(50);
		const leaking: string[] = [];
		for (const id of ids) {
			const answers = [
				await client.api('GET', `/executions/${id}?includeData=true`),
				await client.rest('GET', `/executions/${id}`),
			];
			if (JSON.stringify(answers).includes(emulatorKey)) leaking.push(id);
		}
		expect(leaking).toEqual([]);

		const log = await readFile(harness.n8n.logFile, 'utf8');
		expect(log).toMatch(/\bdebug\b/);
		expect(log.split('\n').filter((line) => line.includes(emulatorKey))).toEqual([]);
	});
});

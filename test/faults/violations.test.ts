import type { RecordedRequest } from '../../emulator';
import type { PaidJob } from './ledger';
import { type Conditions, findViolations, incomplete, videosDue } from './violations';
import { followMessage } from './user';
import { calmScenario } from './scenario';
import { findLeaks } from './leaks';
import { keyFor, seedsOfKeysIn } from './logs';
import type { Seen } from './seen';

const conditions: Conditions = {
	items: 2,
	onError: 'stopWorkflow',
	stopped: false,
	answersLost: false,
};
const job = (
	itemIndex: number,
	uuid: string,
	answeredUuid: string | undefined = uuid,
): PaidJob => ({
	itemIndex,
	uuid,
	answeredUuid,
});
const unanswered = (itemIndex: number, uuid: string): PaidJob => ({ itemIndex, uuid });
const twoVideos: Seen = {
	texts: ['{"uuid":"A"}', '{"uuid":"B"}'],
	unclear: [],
	late: [],
	outputs: [
		[
			{ from: 0, uuid: 'A' },
			{ from: 1, uuid: 'B' },
		],
	],
	everything: [],
};
const thrown: Seen = {
	...twoVideos,
	texts: [],
	outputs: [],
	error: { name: 'NodeApiError', message: 'No' },
};

const found = (
	seen: Partial<Seen>,
	jobs = [job(0, 'A'), job(1, 'B')],
	changes: Partial<Conditions> = {},
	base = twoVideos,
) =>
	findViolations(
		{ ...conditions, ...changes },
		{ paidRequests: jobs.length, jobs },
		{ ...base, ...seen },
	).map(({ kind }) => kind);

describe('findViolations', () => {
	it('finds nothing if each item has its video', () => {
		expect(found({})).toEqual([]);
	});

	describe('paid twice', () => {
		it('finds an item that was paid twice, even if both videos are shown', () => {
			const jobs = [job(0, 'A'), job(1, 'B'), job(1, 'C')];
			expect(found({ texts: ['A', 'B', 'C'] }, jobs)).toEqual(['paid twice']);
		});

		it('allows a user to make a failed video again once, if On Error is Stop', () => {
			const failed = { ...job(1, 'B'), hasFailed: true };
			const jobs = [job(0, 'A'), failed, job(1, 'C')];
			const seen = { texts: ['A', 'B', 'C'] };
			const byUser = { retriesByUser: 1 };
			expect(found(seen, jobs, byUser)).toEqual([]);
			expect(found(seen, jobs)).toEqual(['paid twice']);
			expect(found(seen, [job(0, 'A'), job(1, 'B'), job(1, 'C')], byUser)).toEqual(['paid twice']);
			const thrice = [...jobs, job(1, 'D')];
			expect(found({ texts: ['A', 'B', 'C', 'D'] }, thrice, byUser)).toEqual(['paid twice']);
		});

		it('allows Make Again When Failed and Send Again as often as the user chose', () => {
			const failed = { ...job(1, 'B'), hasFailed: true };
			const seen = { texts: ['A', 'B', 'C', 'D'] };
			const twice = [job(0, 'A'), failed, { ...job(1, 'C'), hasFailed: true }, job(1, 'D')];
			expect(found(seen, twice, { makeAgain: 2 }, thrown)).toEqual([]);
			expect(found(seen, twice, { makeAgain: 1 }, thrown)).toEqual(['paid twice']);
			const unclear = [job(0, 'A'), unanswered(1, 'B'), job(1, 'C')];
			expect(found(seen, unclear, { sendsAgain: true }, thrown)).toEqual([]);
			expect(found(seen, unclear, {}, thrown)).toEqual(['paid twice']);
			const known = [job(0, 'A'), job(1, 'B'), job(1, 'C')];
			expect(found(seen, known, { sendsAgain: true }, thrown)).toEqual(['paid twice']);
			const often = [job(0, 'A'), unanswered(1, 'B'), unanswered(1, 'C'), job(1, 'D')];
			expect(found(seen, often, { sendsAgain: true }, thrown)).toEqual(['paid twice']);
			expect(found(seen, often, { sendsAgain: true, executions: 2 }, thrown)).toEqual([]);
		});

		it('finds a second video for two items with the same idempotency key', () => {
			const keyed = { requestOf: [0, 0] };
			const same = { texts: ['A'], outputs: [[0, 1].map((from) => ({ from, uuid: 'A' }))] };
			expect(found(same, [job(0, 'A')], keyed)).toEqual([]);
			expect(found({ texts: ['A', 'B'] }, [job(0, 'A'), job(0, 'B')], keyed)).toEqual([
				'paid twice',
			]);
		});

		it('counts each additional payment', () => {
			const jobs = [job(0, 'A'), unanswered(0, 'X'), unanswered(0, 'Y'), job(1, 'B')];
			expect(found({ unclear: [0] }, jobs)).toEqual(['paid twice', 'paid twice']);
		});
	});

	describe('lost', () => {
		const foundWithoutOutput = (
			seen: Partial<Seen>,
			jobs: PaidJob[],
			changes: Partial<Conditions> = {},
		) => found(seen, jobs, changes, thrown);

		it('finds a video whose ID is not shown', () => {
			expect(foundWithoutOutput({}, [job(0, 'A')])).toEqual(['lost']);
			expect(foundWithoutOutput({ texts: ['Video A could not be made'] }, [job(0, 'A')])).toEqual(
				[],
			);
		});

		it('finds a video that is reported as unclear although its ID was in the answer', () => {
			expect(foundWithoutOutput({ unclear: [0] }, [job(0, 'A')])).toEqual(['lost']);
		});

		it('accepts unclear after a late answer, a lost answer or Stop', () => {
			expect(foundWithoutOutput({ unclear: [0], late: [0] }, [job(0, 'A')])).toEqual([]);
			expect(foundWithoutOutput({ unclear: [0] }, [job(0, 'A')], { answersLost: true })).toEqual(
				[],
			);
			expect(foundWithoutOutput({ unclear: [0] }, [job(0, 'A')], { stopped: true })).toEqual([]);
			expect(foundWithoutOutput({}, [job(0, 'A')], { stopped: true, answersLost: true })).toEqual([
				'lost',
			]);
		});

		it('finds an unanswered request that is not reported as unclear, or for another item only', () => {
			expect(foundWithoutOutput({}, [unanswered(0, 'A')])).toEqual(['lost']);
			expect(foundWithoutOutput({ unclear: [1] }, [unanswered(0, 'A')])).toEqual(['lost']);
			expect(foundWithoutOutput({ unclear: [0] }, [unanswered(0, 'A')])).toEqual([]);
		});
	});

	describe('incomplete', () => {
		const jobs = [job(0, 'A'), job(1, 'B')];
		const missing = (
			runs: Seen[],
			paid: PaidJob[] = jobs,
			changes: Partial<Conditions> = {},
			withFile = false,
		) =>
			incomplete(
				{ ...conditions, ...changes },
				{ paidRequests: paid.length, jobs: paid },
				runs,
				withFile,
			).map(({ text }) => text.replace(/ exists.*/, ''));
		const out = (...items: Seen['outputs'][number]): Seen => ({ ...twoVideos, outputs: [items] });

		it('finds each video that came out of no execution', () => {
			expect(missing([thrown])).toEqual(['Item 0: A', 'Item 1: B']);
			expect(missing([thrown, out({ from: 0, uuid: 'A' })])).toEqual(['Item 1: B']);
			expect(missing([thrown, twoVideos])).toEqual([]);
		});

		it('does not count an item with a message, or items of an execution that failed', () => {
			const bad = { from: 1, uuid: 'B', error: 'No [item 1]' };
			expect(missing([out({ from: 0, uuid: 'A' }, bad)])).toEqual(['Item 1: B']);
			expect(missing([{ ...thrown, outputs: twoVideos.outputs }])).toHaveLength(2);
		});

		it('requires the file where Download Video is on', () => {
			const video = { from: 0, uuid: 'A', status: 'completed', hasFile: false };
			const run = out(video, { ...video, from: 1, uuid: 'B', hasFile: true });
			expect(missing([run], jobs, {}, true)).toEqual(['Item 0: A']);
			expect(missing([run])).toEqual([]);
		});

		it('does not require failed, replaced and unclear videos', () => {
			const failed = { ...job(0, 'A'), hasFailed: true };
			expect(missing([thrown], [failed])).toEqual([]);
			expect(missing([thrown], [failed, job(0, 'B')])).toEqual(['Item 0: B']);
			expect(missing([thrown], [unanswered(0, 'A')])).toEqual([]);
			expect(missing([{ ...thrown, unclear: [0] }], [job(0, 'A')])).toEqual(['Item 0: A']);
			const lostAnswer = { answersLost: true };
			expect(missing([{ ...thrown, unclear: [0] }], [job(0, 'A')], lostAnswer)).toEqual([]);
		});

		it('counts the videos that it requires', () => {
			const ledger = { paidRequests: 2, jobs: [job(0, 'A'), unanswered(1, 'B')] };
			expect(videosDue(conditions, ledger, [twoVideos]).map(({ uuid }) => uuid)).toEqual(['A']);
		});
	});

	describe('output items', () => {
		it.each<[string, Seen['outputs']]>([
			['a missing item', [[{ from: 0, uuid: 'A' }]]],
			['a wrong order', [[...(twoVideos.outputs[0] ?? [])].reverse()]],
			['a missing pair', [[{ from: 0, uuid: 'A' }, { uuid: 'B' }]]],
			[
				"another item's video",
				[
					[
						{ from: 0, uuid: 'A' },
						{ from: 1, uuid: 'A' },
					],
				],
			],
			['an item without video and message', [[{ from: 0, uuid: 'A' }, { from: 1 }]]],
		])('finds %s', (_, outputs) => {
			expect(found({ outputs })).toContain('other');
		});

		it('requires failed items on the output that On Error selects', () => {
			const ok = { from: 0, uuid: 'A' };
			const bad = { from: 1, uuid: 'B', error: 'No [item 1]' };
			expect(found({ outputs: [[ok, bad]] })).toEqual(['other']);
			const continued = { onError: 'continueRegularOutput' } as const;
			expect(found({ outputs: [[ok, bad]] }, undefined, continued)).toEqual([]);
			const errorOutput = { onError: 'continueErrorOutput' } as const;
			expect(found({ outputs: [[ok, bad], []] }, undefined, errorOutput)).toEqual(['other']);
			expect(found({ outputs: [[ok], [bad]] }, undefined, errorOutput)).toEqual([]);
		});
	});

	it('finds thrown errors other than the two node errors, and any if On Error is set to continue', () => {
		const error = (name: string) => ({ error: { name, message: 'No' } });
		expect(found(error('NodeOperationError'), [], {}, thrown)).toEqual([]);
		expect(found(error('TypeError'), [], {}, thrown)).toEqual(['other']);
		expect(found({}, [], { onError: 'continueRegularOutput' }, thrown)).toEqual(['other']);
		expect(found(error('ManualExecutionCancelledError'), [], {}, thrown)).toEqual(['other']);
	});
});

describe('followMessage', () => {
	const whole =
		"To get them without this item, set 'On Error' in the node's settings to 'Continue', save, and use 'Retry with currently saved workflow' in the executions list.";
	const scenario = calmScenario();

	it('continues past an item that would fail again, only where the message says how', () => {
		expect(followMessage(whole, scenario, true)).toMatchObject({ how: 'continue' });
		expect(followMessage(whole, scenario, false)).toMatchObject({ how: 'plain' });
		const half = whole.replace(/, save.*/, '.');
		expect(followMessage(half, scenario, true)).toMatchObject({ how: 'plain' });
		const ofSubWorkflow = { ...scenario, isSubWorkflow: true };
		expect(followMessage(half, ofSubWorkflow, true)).toMatchObject({ how: 'continue' });
	});

	it('raises Max Wait Time where the message says so', () => {
		expect(followMessage("or raise 'Max Wait Time'.", scenario, false).waitsLonger).toBe(true);
		expect(followMessage(whole, scenario, false).waitsLonger).toBe(false);
	});
});

describe('findLeaks', () => {
	const key = keyFor(42);
	const request = (change: Partial<RecordedRequest>): RecordedRequest => ({
		kind: 'status',
		method: 'GET',
		path: '/api/video-status/A',
		headers: { authorization: `Bearer ${key}` },
		receivedAt: 0,
		...change,
	});
	const leaks = (change: Partial<Parameters<typeof findLeaks>[1]>) =>
		findLeaks(key, {
			execution: ['nothing'],
			requests: [request({})],
			otherHostReceived: () => false,
			...change,
		});

	it('accepts the key in the Authorization header of the three calls', () => {
		expect(leaks({})).toEqual([]);
	});

	it.each<[string, Parameters<typeof leaks>[0]]>([
		['the data of the execution', { execution: [`The key ${key} was refused`] }],
		['the data of the execution, encoded', { execution: [Buffer.from(key).toString('base64')] }],
		["a request to the video's host", { requests: [request({ kind: 'video' })] }],
		['a URL', { requests: [request({ path: `/api/video-status/${key}` })] }],
		['another header', { requests: [request({ headers: { referer: key } })] }],
		['a body', { requests: [request({ body: { prompt: key } })] }],
		['a request to another host', { otherHostReceived: (text) => text === key }],
	])('finds the key in %s', (_, change) => {
		expect(leaks(change)).toMatchObject([{ kind: 'key leak' }]);
	});

	it('finds the seeds of the keys in a log', () => {
		const log = `{"message":"Bearer ${keyFor(42)}"}\n${keyFor(2 ** 31 - 1)} ${keyFor(42)}`;
		expect(seedsOfKeysIn(log)).toEqual([42, 2 ** 31 - 1]);
		expect(seedsOfKeysIn('nothing')).toEqual([]);
	});
});

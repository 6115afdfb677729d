import type { RecordedRequest } from '../../emulator';
import type { BookedJob } from './ledger';
import { type Asked, check } from './violations';
import { findLeaks } from './leaks';
import { keyFor, seedsOfKeysIn } from './logs';
import type { Seen } from './seen';

const asked: Asked = { items: 2, onError: 'stopWorkflow', stopped: false, answersLost: false };
const job = (itemIndex: number, uuid: string, toldUuid: string | undefined = uuid): BookedJob => ({
	itemIndex,
	uuid,
	toldUuid,
});
const unanswered = (itemIndex: number, uuid: string): BookedJob => ({ itemIndex, uuid });
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
	changes: Partial<Asked> = {},
	base = twoVideos,
) =>
	check({ ...asked, ...changes }, { paidRequests: jobs.length, jobs }, { ...base, ...seen }).map(
		({ kind }) => kind,
	);

describe('The check', () => {
	it('finds nothing where each item has its video', () => {
		expect(found({})).toEqual([]);
	});

	describe('of what was paid', () => {
		it('finds an item that was paid for twice, even if both videos are told', () => {
			const jobs = [job(0, 'A'), job(1, 'B'), job(1, 'C')];
			expect(found({ texts: ['A', 'B', 'C'] }, jobs)).toEqual(['paid twice']);
		});

		it('counts each time too many', () => {
			const jobs = [job(0, 'A'), unanswered(0, 'X'), unanswered(0, 'Y'), job(1, 'B')];
			expect(found({ unclear: [0] }, jobs)).toEqual(['paid twice', 'paid twice']);
		});
	});

	describe('of what was lost', () => {
		const gone = (seen: Partial<Seen>, jobs: BookedJob[], changes: Partial<Asked> = {}) =>
			found(seen, jobs, changes, thrown);

		it('finds a video whose ID is nowhere to be seen', () => {
			expect(gone({}, [job(0, 'A')])).toEqual(['lost']);
			expect(gone({ texts: ['Video A could not be made'] }, [job(0, 'A')])).toEqual([]);
		});

		it('finds a video that is called unclear although its ID had been told', () => {
			expect(gone({ unclear: [0] }, [job(0, 'A')])).toEqual(['lost']);
		});

		it('lets it be unclear where the answer was late, cut off or overtaken by Stop', () => {
			expect(gone({ unclear: [0], late: [0] }, [job(0, 'A')])).toEqual([]);
			expect(gone({ unclear: [0] }, [job(0, 'A')], { answersLost: true })).toEqual([]);
			expect(gone({ unclear: [0] }, [job(0, 'A')], { stopped: true })).toEqual([]);
			expect(gone({}, [job(0, 'A')], { stopped: true, answersLost: true })).toEqual(['lost']);
		});

		it('finds an unanswered request that is not called unclear, or only that of another item', () => {
			expect(gone({}, [unanswered(0, 'A')])).toEqual(['lost']);
			expect(gone({ unclear: [1] }, [unanswered(0, 'A')])).toEqual(['lost']);
			expect(gone({ unclear: [0] }, [unanswered(0, 'A')])).toEqual([]);
		});
	});

	describe('of the output', () => {
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
			['an item with nothing', [[{ from: 0, uuid: 'A' }, { from: 1 }]]],
		])('finds %s', (_, outputs) => {
			expect(found({ outputs })).toContain('other');
		});

		it('wants failed items on the output that the user chose', () => {
			const ok = { from: 0, uuid: 'A' };
			const bad = { from: 1, uuid: 'B', error: 'No [item 1]' };
			expect(found({ outputs: [[ok, bad]] })).toEqual(['other']);
			const continued = { onError: 'continueRegularOutput' } as const;
			expect(found({ outputs: [[ok, bad]] }, undefined, continued)).toEqual([]);
			const parted = { onError: 'continueErrorOutput' } as const;
			expect(found({ outputs: [[ok, bad], []] }, undefined, parted)).toEqual(['other']);
			expect(found({ outputs: [[ok], [bad]] }, undefined, parted)).toEqual([]);
		});
	});

	it('finds anything thrown but the two node errors, and a throw where the node was to continue', () => {
		const error = (name: string) => ({ error: { name, message: 'No' } });
		expect(found(error('NodeOperationError'), [], {}, thrown)).toEqual([]);
		expect(found(error('TypeError'), [], {}, thrown)).toEqual(['other']);
		expect(found({}, [], { onError: 'continueRegularOutput' }, thrown)).toEqual(['other']);
		expect(found(error('ManualExecutionCancelledError'), [], {}, thrown)).toEqual(['other']);
	});
});

describe('The search for the key', () => {
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
			otherHostHeard: () => false,
			...change,
		});

	it('lets it be in the Authorization header of the three calls', () => {
		expect(leaks({})).toEqual([]);
	});

	it.each<[string, Parameters<typeof leaks>[0]]>([
		['the data of the execution', { execution: [`The key ${key} was refused`] }],
		['another form in it', { execution: [Buffer.from(key).toString('base64')] }],
		[
			"a request for a video, which goes to the video's host",
			{ requests: [request({ kind: 'video' })] },
		],
		['an address', { requests: [request({ path: `/api/video-status/${key}` })] }],
		['another header', { requests: [request({ headers: { referer: key } })] }],
		['a body', { requests: [request({ body: { prompt: key } })] }],
		['a request to another host', { otherHostHeard: (text) => text === key }],
	])('finds it in %s', (_, change) => {
		expect(leaks(change)).toMatchObject([{ kind: 'key leak' }]);
	});

	it('tells whose key is in a log', () => {
		const log = `{"message":"Bearer ${keyFor(42)}"}\n${keyFor(2 ** 31 - 1)} ${keyFor(42)}`;
		expect(seedsOfKeysIn(log)).toEqual([42, 2 ** 31 - 1]);
		expect(seedsOfKeysIn('nothing')).toEqual([]);
	});
});

import { StoppedError, VeoError } from '../../../nodes/Veo/errors/VeoError';
import { type Count, VideoLimit } from '../../../nodes/Veo/jobs/videoLimit';
import { jsonRoundTrip, rejectionOf } from '../fakes';

const accepted = async () => await Promise.resolve('job');
const refused = async () => await Promise.reject(new VeoError('No', 'Sorry.'));
const unclear = async () => await Promise.reject(new VeoError('No', 'Sorry.', { isUnclear: true }));

/** How many of `times` videos are let through. */
async function letThrough(limit: VideoLimit, times: number, submit = accepted): Promise<number> {
	let sent = 0;
	for (let item = 0; item < times; item++) {
		const counted = async (count: Count) => {
			const overLimit = count.add();
			if (overLimit) throw overLimit;
			sent++;
			return await submit();
		};
		await limit.counted(item, counted).catch(() => undefined);
	}
	return sent;
}

describe('Max Videos per Execution', () => {
	it('lets so many new videos through, over the runs of an execution', async () => {
		const memory = {};
		expect(await letThrough(new VideoLimit(memory, '7', 5, 'stops'), 3)).toBe(3);
		expect(await letThrough(new VideoLimit(jsonRoundTrip(memory), '7', 5, 'stops'), 10)).toBe(2);
		expect(await letThrough(new VideoLimit(memory, '7', 5, 'stops'), 10)).toBe(2);
	});

	it('counts from 0 in a retry, which is another execution', async () => {
		const memory = {};
		expect(await letThrough(new VideoLimit(memory, '7', 5, 'stops'), 9)).toBe(5);
		expect(await letThrough(new VideoLimit(memory, '8', 5, 'stops'), 9)).toBe(5);
	});

	it('does not count what was surely not accepted', async () => {
		const memory = {};
		expect(await letThrough(new VideoLimit(memory, '7', 2, 'stops'), 9, refused)).toBe(9);
		expect(await letThrough(new VideoLimit(memory, '7', 2, 'stops'), 9)).toBe(2);
	});

	it('counts what may have been accepted', async () => {
		expect(await letThrough(new VideoLimit({}, '7', 2, 'stops'), 9, unclear)).toBe(2);
	});

	it('holds for items that are submitted at the same time', async () => {
		const limit = new VideoLimit({}, '7', 2, 'stops');
		const submit = async (count: Count) => {
			const overLimit = count.add();
			if (overLimit) throw overLimit;
			return await accepted();
		};
		const all = [0, 1, 2, 3].map(async (item) => await limit.counted(item, submit));
		const ends = await Promise.allSettled(all);
		expect(ends.map(({ status }) => status)).toEqual([
			'fulfilled',
			'fulfilled',
			'rejected',
			'rejected',
		]);
		expect([...limit.newItems]).toEqual([0, 1]);
	});

	it('counts an item once, however often its request is sent, and not one that is taken up', async () => {
		const limit = new VideoLimit({}, '7', 1, 'stops');
		await limit.counted(0, accepted);
		expect(limit.isReached).toBe(false);
		await limit.counted(1, async (count) => {
			count.add();
			count.remove();
			count.add();
			count.add();
			return await accepted();
		});
		expect(limit.isReached).toBe(true);
		expect([...limit.newItems]).toEqual([1]);
	});

	it('does not count an item that another one interrupted before it was sent', async () => {
		const limit = new VideoLimit({}, '7', 1, 'stops');
		const interrupted = async () => await Promise.reject(new StoppedError());
		expect(await letThrough(limit, 3, interrupted)).toBe(3);
		expect(await letThrough(limit, 3)).toBe(1);
	});

	it('is no limit at 0', async () => {
		const limit = new VideoLimit({}, '7', 0, 'stops');
		limit.checkRun(1_000);
		expect(await letThrough(limit, 200)).toBe(200);
	});

	it('says before a run how many videos it would make', () => {
		expect(() => new VideoLimit({}, '7', 100, 'stops').checkRun(500)).toThrow('500 new videos');
		new VideoLimit({}, '7', 100, 'stops').checkRun(100);
	});

	it('says as well how many videos earlier runs of the execution made', async () => {
		const memory = {};
		await letThrough(new VideoLimit(memory, '7', 5, 'stops'), 3);
		const thrown = await rejectionOf(
			(async () => await Promise.resolve(new VideoLimit(memory, '7', 5, 'stops').checkRun(9)))(),
		);
		expect((thrown as VeoError).description).toContain('the execution submitted 3');
	});
});

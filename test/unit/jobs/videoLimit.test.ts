import { VeoError } from '../../../nodes/Veo/errors/VeoError';
import { VideoLimit } from '../../../nodes/Veo/jobs/videoLimit';
import { jsonRoundTrip } from '../fakes';

const accepted = async () => await Promise.resolve('job');
const refused = async () => await Promise.reject(new VeoError('No', 'Sorry.'));
const unclear = async () => await Promise.reject(new VeoError('No', 'Sorry.', { isUnclear: true }));

/** How many of `times` videos are let through. */
async function letThrough(limit: VideoLimit, times: number, submit = accepted): Promise<number> {
	let sent = 0;
	for (let item = 0; item < times; item++) {
		const counted = async () => {
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
		expect(await letThrough(new VideoLimit(memory, '7', 5), 3)).toBe(3);
		expect(await letThrough(new VideoLimit(jsonRoundTrip(memory), '7', 5), 10)).toBe(2);
		expect(await letThrough(new VideoLimit(memory, '7', 5), 10)).toBe(2);
	});

	it('counts from 0 in a retry, which is another execution', async () => {
		const memory = {};
		expect(await letThrough(new VideoLimit(memory, '7', 5), 9)).toBe(5);
		expect(await letThrough(new VideoLimit(memory, '8', 5), 9)).toBe(5);
	});

	it('does not count what was surely not accepted', async () => {
		const memory = {};
		expect(await letThrough(new VideoLimit(memory, '7', 2), 9, refused)).toBe(9);
		expect(await letThrough(new VideoLimit(memory, '7', 2), 9)).toBe(2);
	});

	it('counts what may have been accepted', async () => {
		expect(await letThrough(new VideoLimit({}, '7', 2), 9, unclear)).toBe(2);
	});

	it('holds for items that are submitted at the same time', async () => {
		const limit = new VideoLimit({}, '7', 2);
		const all = [0, 1, 2, 3].map(async (item) => await limit.counted(item, accepted));
		const ends = await Promise.allSettled(all);
		expect(ends.map(({ status }) => status)).toEqual([
			'fulfilled',
			'fulfilled',
			'rejected',
			'rejected',
		]);
		expect([...limit.newItems]).toEqual([0, 1]);
	});

	it('is no limit at 0', async () => {
		const limit = new VideoLimit({}, '7', 0);
		limit.checkRun(1_000);
		expect(await letThrough(limit, 200)).toBe(200);
	});

	it('says before a run how many videos it would make', () => {
		expect(() => new VideoLimit({}, '7', 100).checkRun(500)).toThrow('500 new videos');
		new VideoLimit({}, '7', 100).checkRun(100);
	});
});

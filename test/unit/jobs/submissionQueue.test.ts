import { VeoClient } from '../../../nodes/Veo/api/client';
import type { GenerateRequest } from '../../../nodes/Veo/api/parameters';
import { PaidPermit } from '../../../nodes/Veo/api/policy';
import { OUTCOMES, RequestError } from '../../../nodes/Veo/errors/outcome';
import { StoppedError } from '../../../nodes/Veo/errors/VeoError';
import { SubmissionQueue, type SubmissionRules } from '../../../nodes/Veo/jobs/submissionQueue';
import { expectedOf } from '../../expectedPolicy';
import {
	accepted,
	type Answerer,
	FakeClock,
	outcomeOf,
	rejectionOf,
	REPLIES,
	type Reply,
	scripted,
	tooMany,
} from '../fakes';

const request: GenerateRequest = {
	generationType: 'text_to_video',
	prompt: 'A fox in the snow',
	aspectRatio: 'auto',
};

function setUp(replies: Array<Reply | Answerer>, rules: Partial<SubmissionRules> = {}, jitter = 0) {
	const clock = new FakeClock(0, jitter);
	const server = scripted(...replies);
	const client = new VeoClient(server.send);
	const queue = new SubmissionQueue({ maxRetries: 4, maxSlotWaitMs: 900_000, ...rules });
	const submit = async () =>
		await queue.submit(
			PaidPermit.first(),
			async (permit) => await client.generate(request, permit),
		);
	return { clock, queue, submit, sentAt: server.times };
}

const repeat = (count: number, reply: Reply) => Array.from({ length: count }, () => reply);

describe('the paid request', () => {
	const again = OUTCOMES.filter((name) => expectedOf(name).submit === 'again');
	const notAgain = OUTCOMES.filter((name) => expectedOf(name).submit !== 'again');

	it.each(again)('is sent again after %s', async (name) => {
		const { clock, submit, sentAt } = setUp([REPLIES[name], accepted('v-1')]);
		expect(await clock.run(submit())).toMatchObject({ uuid: 'v-1' });
		expect(sentAt()).toEqual([0, 500]);
	});

	it.each(notAgain)('is never sent again after %s', async (name) => {
		const { clock, submit, sentAt } = setUp([REPLIES[name], accepted('v-2')]);
		expect((await outcomeOf(clock.run(submit()))).name).toBe(name);
		expect(sentAt()).toEqual([0]);
	});

	it('is not sent again after an unclear outcome that follows clear ones', async () => {
		const replies = [REPLIES.refused, tooMany(), REPLIES.reset, accepted('v-2')];
		const { clock, submit, sentAt } = setUp(replies);
		expect((await outcomeOf(clock.run(submit()))).name).toBe('reset');
		expect(sentAt()).toEqual([0, 500, 1500]);
	});

	it('is repeated after network faults at most as often as Max Retries says', async () => {
		const { clock, submit, sentAt } = setUp(repeat(9, REPLIES.refused), { maxRetries: 2 });
		expect((await outcomeOf(clock.run(submit()))).name).toBe('refused');
		expect(sentAt()).toHaveLength(3);
	});

	it('uses a new permit for each attempt', async () => {
		const { clock, queue } = setUp([]);
		const permits = new Set<PaidPermit>();
		const send = async (permit: PaidPermit) => {
			permits.add(permit);
			permit.use();
			return await Promise.reject<string>(new RequestError({ name: 'dns' }));
		};
		await outcomeOf(clock.run(queue.submit(PaidPermit.first(), send)));
		expect(permits.size).toBe(5);
	});
});

describe('a refusal for now', () => {
	it('does not count as a retry', async () => {
		const replies = [...repeat(6, tooMany()), REPLIES.refused, accepted('v-1')];
		const { clock, submit } = setUp(replies, { maxRetries: 1 });
		expect(await clock.run(submit())).toMatchObject({ uuid: 'v-1' });
	});

	it('is waited out for the time that an item may wait, then ends with its message', async () => {
		const replies = repeat(20, REPLIES.code1003);
		const { clock, submit } = setUp(replies, { maxSlotWaitMs: 100_000 }, 1);
		expect(await outcomeOf(clock.run(submit()))).toMatchObject({
			name: 'code1003',
			apiMessage: 'Slow down',
		});
		expect(clock.now()).toBe(100_000);
	});

	it('is not repeated before its Retry-After', async () => {
		const { clock, submit, sentAt } = setUp([tooMany('11'), accepted('v-1')]);
		await clock.run(submit());
		expect(sentAt()).toEqual([0, 11_000]);
	});

	it('with a Retry-After of a day is repeated after ten minutes', async () => {
		const { clock, submit, sentAt } = setUp([tooMany('86400'), accepted('v-1')]);
		await clock.run(submit());
		expect(sentAt()).toEqual([0, 600_000]);
	});

	it('makes the items wait in line, in their order', async () => {
		const { clock, submit, sentAt } = setUp(
			[...repeat(3, tooMany()), tooMany(), accepted('a'), accepted('b'), accepted('c')],
			{},
			1,
		);
		const jobs = await clock.run(Promise.all([submit(), submit(), submit()]));
		expect(jobs.map(({ uuid }) => uuid)).toEqual(['a', 'b', 'c']);
		expect(sentAt()).toEqual([0, 0, 0, 1_000, 3_000, 3_000, 3_000]);
	});

	it('makes a new item join the line', async () => {
		const { clock, submit, sentAt } = setUp([tooMany('5'), accepted('a'), accepted('b')]);
		const first = submit();
		await clock.advance(1_000);
		const jobs = await clock.run(Promise.all([first, submit()]));
		expect(jobs.map(({ uuid }) => uuid)).toEqual(['a', 'b']);
		expect(sentAt()).toEqual([0, 5_000, 5_000]);
	});

	it('ends for all items in line at about the same time', async () => {
		const { clock, submit } = setUp(repeat(40, tooMany()), { maxSlotWaitMs: 60_000 }, 1);
		const ends = await clock.run(
			Promise.all(
				[submit(), submit(), submit()].map(async (one) => {
					await rejectionOf(one);
					return clock.now();
				}),
			),
		);
		expect(ends).toEqual([60_000, 60_000, 60_000]);
	});
});

describe('an item that comes while others wait in line', () => {
	it('sends its request only after those have left it', async () => {
		const slow: Answerer = async () => {
			await clock.pass(3_000);
			return accepted('a');
		};
		const { clock, submit, sentAt } = setUp([tooMany(), slow, accepted('b')]);
		const first = submit();
		await clock.advance(100);
		await clock.run(Promise.all([first, submit()]));
		expect(sentAt()).toEqual([0, 500, 3_500]);
	});
});

describe('the end of a video', () => {
	it('ends the pause of the first item in line', async () => {
		const { clock, queue, submit, sentAt } = setUp([...repeat(4, tooMany()), accepted('a')], {}, 1);
		const job = submit();
		await clock.advance(8_000);
		expect(sentAt()).toEqual([0, 1_000, 3_000, 7_000]);
		queue.jobEnded();
		await clock.run(job);
		expect(sentAt().at(-1)).toBe(8_000);
	});

	it('does not shorten the pause after a fault, because no request waits for that in line', async () => {
		const replies = [tooMany(), accepted('a'), REPLIES.refused, accepted('b')];
		const { clock, queue, submit, sentAt } = setUp(replies, {}, 1);
		await clock.run(submit());
		const job = submit();
		await clock.advance(100);
		queue.jobEnded();
		await clock.run(job);
		expect(sentAt()).toEqual([0, 1_000, 1_000, 2_000]);
	});

	it('does not shorten a Retry-After', async () => {
		const { clock, queue, submit, sentAt } = setUp([tooMany('20'), accepted('a')]);
		const job = submit();
		await clock.advance(8_000);
		queue.jobEnded();
		await clock.run(job);
		expect(sentAt()).toEqual([0, 20_000]);
	});
});

describe('Stop', () => {
	it('ends the pause of the first item and the waiting of the others', async () => {
		const stop = new AbortController();
		const { clock, submit, sentAt } = setUp([tooMany('60'), tooMany()], { signal: stop.signal });
		const stopped = [submit(), submit()].map(async (one) => await rejectionOf(one));
		await clock.advance(2_000);
		stop.abort();
		for (const one of stopped) expect(await one).toBeInstanceOf(StoppedError);
		expect(sentAt()).toEqual([0, 0]);
	});

	it('ends the waiting of the others while the request of the first one is being sent', async () => {
		const stop = new AbortController();
		const slow: Answerer = async () => {
			await clock.pass(10_000);
			return accepted('a');
		};
		const { clock, submit } = setUp([tooMany(), slow], { signal: stop.signal });
		const first = submit();
		await clock.advance(100);
		const stopped = rejectionOf(submit());
		await clock.advance(900);
		stop.abort();
		expect(await stopped).toBeInstanceOf(StoppedError);
		expect(clock.now()).toBe(1_000);
		expect(await clock.run(first)).toMatchObject({ uuid: 'a' });
	});

	it('prevents the first request if it comes before it', async () => {
		const { clock, submit, sentAt } = setUp([], { signal: AbortSignal.abort() });
		await expect(clock.run(submit())).rejects.toBeInstanceOf(StoppedError);
		expect(sentAt()).toEqual([]);
	});
});

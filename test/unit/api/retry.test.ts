import { VeoClient } from '../../../nodes/Veo/api/client';
import { OUTCOMES, RequestError } from '../../../nodes/Veo/errors/outcome';
import { Backoff } from '../../../nodes/Veo/api/backoff';
import { withRetries } from '../../../nodes/Veo/api/retry';
import { StoppedError } from '../../../nodes/Veo/errors/VeoError';
import { expectedOf } from '../../expectedPolicy';
import {
	type Answerer,
	FakeClock,
	hanging,
	outcomeOf,
	REPLIES,
	type Reply,
	scripted,
	status,
	rejectionOf,
	tooMany,
} from '../fakes';

interface Options {
	maxRetries?: number;
	jitter?: number;
	signal?: AbortSignal;
}

function setUp(replies: Array<Reply | Answerer>, { maxRetries = 4, jitter, signal }: Options = {}) {
	const clock = new FakeClock(Date.UTC(2025, 9, 16), jitter);
	const startedAtMs = clock.now();
	const server = scripted(...replies);
	const client = new VeoClient(server.send);
	const rules = { backoff: new Backoff(), maxRetries, signal };
	return {
		clock,
		rules,
		status: async () => await withRetries(async () => await client.status('v-1', signal), rules),
		/** When each request was sent, in ms since the start. */
		sentAt: () => server.times().map((ms) => ms - startedAtMs),
	};
}

const repeat = (count: number, reply: Reply) => Array.from({ length: count }, () => reply);

describe('a free request', () => {
	it('is sent once if it succeeds', async () => {
		const { clock, status: check, sentAt } = setUp([status('pending')]);
		expect(await clock.run(check())).toMatchObject({ status: 'pending' });
		expect(sentAt()).toEqual([0]);
		expect(clock.sleeps).toEqual([]);
	});

	it('is repeated up to Max Retries, with pauses that double', async () => {
		const { clock, status: check, sentAt } = setUp(repeat(5, REPLIES.http5xx), { jitter: 1 });
		expect((await outcomeOf(clock.run(check()))).name).toBe('http5xx');
		expect(clock.sleeps).toEqual([1000, 2000, 4000, 8000]);
		expect(sentAt()).toEqual([0, 1000, 3000, 7000, 15_000]);
	});

	it('is repeated until it succeeds', async () => {
		const replies = [REPLIES.reset, REPLIES.html, status('processing')];
		const { clock, status: check } = setUp(replies);
		expect(await clock.run(check())).toMatchObject({ status: 'processing' });
		expect(clock.sleeps).toEqual([500, 1000]);
	});

	it.each([0, 1, 2, 7])('is repeated as often as Max Retries says: %i', async (maxRetries) => {
		const { clock, status: check, sentAt } = setUp(repeat(9, REPLIES.timeout), { maxRetries });
		await outcomeOf(clock.run(check()));
		expect(sentAt()).toHaveLength(maxRetries + 1);
	});

	it.each([...OUTCOMES])('is repeated after %s only if the policy allows it', async (name) => {
		const { clock, rules } = setUp([]);
		let sent = 0;
		const send = async () => {
			sent++;
			return await Promise.reject<string>(new RequestError({ name }));
		};
		expect((await outcomeOf(clock.run(withRetries(send, rules)))).name).toBe(name);
		expect(sent).toBe(expectedOf(name).free === 'again' ? 5 : 1);
	});

	it('is not repeated after an error that is not a RequestError', async () => {
		const { clock, rules } = setUp([]);
		let sent = 0;
		const send = async () => {
			sent++;
			return await Promise.reject<string>(new RangeError('unexpected'));
		};
		const thrown = await rejectionOf(clock.run(withRetries(send, rules)));
		expect(thrown).toBeInstanceOf(RangeError);
		expect(sent).toBe(1);
	});
});

describe('Retry-After', () => {
	it('in seconds or as a date is obeyed if it is longer than the pause', async () => {
		const afterHalfAMinute = 'Thu, 16 Oct 2025 00:00:37 GMT';
		const replies = [tooMany('7'), tooMany(afterHalfAMinute), tooMany('1'), status('pending')];
		const { clock, status: check, sentAt } = setUp(replies);
		await clock.run(check());
		expect(clock.sleeps).toEqual([7000, 30_000, 2000]);
		expect(sentAt()).toEqual([0, 7000, 37_000, 39_000]);
	});

	it('of ten minutes is obeyed', async () => {
		const { clock, status: check } = setUp([tooMany('600'), status('pending')]);
		await clock.run(check());
		expect(clock.sleeps).toEqual([600_000]);
	});

	it('of more than ten minutes ends other requests as well when those have passed', async () => {
		const { clock, status: check, sentAt } = setUp([tooMany('1000')]);
		await outcomeOf(clock.run(check()));
		expect(await outcomeOf(clock.run(check()))).toEqual({
			name: 'http429',
			retryAfterMs: 400_000,
		});
		expect(sentAt()).toEqual([0]);
	});

	it('of a request that must not be repeated does not delay others', async () => {
		const refused = { httpStatus: 404, body: '{}', retryAfter: '60' };
		const { clock, status: check, sentAt } = setUp([refused, status('pending')]);
		await outcomeOf(clock.run(check()));
		await clock.run(check());
		expect(sentAt()).toEqual([0, 0]);
	});

	it('of more than ten minutes ends the retries at once', async () => {
		const { clock, status: check } = setUp([tooMany('601'), status('pending')]);
		expect(await outcomeOf(clock.run(check()))).toMatchObject({
			name: 'http429',
			retryAfterMs: 601_000,
		});
		expect(clock.sleeps).toEqual([]);
	});
});

describe('parallel requests of a run', () => {
	it('slow down together after simultaneous refusals, and count them once', async () => {
		const replies = [
			...repeat(3, tooMany()),
			...repeat(3, tooMany()),
			...repeat(3, status('pending')),
		];
		const { clock, status: check, sentAt } = setUp(replies, { jitter: 1 });
		await clock.run(Promise.all([check(), check(), check()]));
		expect(sentAt()).toEqual([0, 0, 0, 1000, 1000, 1000, 3000, 3000, 3000]);
	});

	it('start again with a short pause after a success', async () => {
		const fails = [REPLIES.reset, REPLIES.reset];
		const answered = status('pending');
		const { clock, status: check } = setUp([...fails, answered, ...fails, answered]);
		await clock.run(check());
		await clock.run(check());
		expect(clock.sleeps).toEqual([500, 1000, 500, 1000]);
	});

	it('obey the Retry-After of another request', async () => {
		const {
			clock,
			status: check,
			sentAt,
		} = setUp([tooMany('30'), ...repeat(2, status('pending'))]);
		const first = check();
		await clock.advance(10);
		await clock.run(Promise.all([check(), first]));
		expect(sentAt()).toEqual([0, 30_000, 30_000]);
	});
});

describe('Stop', () => {
	it('ends a pause at once', async () => {
		const stop = new AbortController();
		const { clock, status: check, sentAt } = setUp([tooMany('60')], { signal: stop.signal });
		const stopped = rejectionOf(check());
		await clock.advance(2_000);
		stop.abort();
		expect(await stopped).toBeInstanceOf(StoppedError);
		expect(sentAt()).toEqual([0]);
	});

	it('ends a request in progress and does not repeat it', async () => {
		const stop = new AbortController();
		const { clock, status: check, sentAt } = setUp([hanging], { signal: stop.signal });
		const stopped = rejectionOf(check());
		await clock.advance(2_000);
		stop.abort();
		expect(await stopped).toBeInstanceOf(StoppedError);
		expect(sentAt()).toEqual([0]);
	});

	it('prevents the first request if it comes before it', async () => {
		const { clock, status: check, sentAt } = setUp([], { signal: AbortSignal.abort() });
		await expect(clock.run(check())).rejects.toBeInstanceOf(StoppedError);
		expect(sentAt()).toEqual([]);
	});
});

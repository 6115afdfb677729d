import { VeoClient } from '../../../nodes/Veo/api/client';
import { RequestError } from '../../../nodes/Veo/errors/outcome';
import { OUTCOMES, type OutcomeName } from '../../../nodes/Veo/errors/outcome';
import { Backoff } from '../../../nodes/Veo/api/backoff';
import type { GenerateRequest } from '../../../nodes/Veo/api/parameters';
import { PaidPermit } from '../../../nodes/Veo/api/policy';
import { submitWithRetries, withRetries } from '../../../nodes/Veo/api/retry';
import { StoppedError } from '../../../nodes/Veo/errors/VeoError';
import { expectedOf } from '../../expectedPolicy';
import {
	accepted,
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

const request: GenerateRequest = {
	generationType: 'text_to_video',
	prompt: 'A fox in the snow',
	aspectRatio: 'auto',
};

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
		submit: async () =>
			await submitWithRetries(
				PaidPermit.first(),
				async (permit) => await client.generate(request, permit, signal),
				rules,
			),
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

	it('of more than ten minutes ends the retries at once', async () => {
		const { clock, status: check } = setUp([tooMany('601'), status('pending')]);
		expect(await outcomeOf(clock.run(check()))).toMatchObject({
			name: 'http429',
			retryAfterMs: 601_000,
		});
		expect(clock.sleeps).toEqual([]);
	});

	// Status checks and submissions share the backoff, and a status check may get a Retry-After of a day.
	it('of more than ten minutes for another request is not obeyed either', async () => {
		const { clock, rules, submit, sentAt } = setUp([]);
		rules.backoff.failed(clock.now(), 86_400_000);
		const startedAtMs = clock.now();
		await rejectionOf(clock.run(submit()));
		expect(clock.now() - startedAtMs).toBeLessThanOrEqual(600_000);
		expect(sentAt()).toEqual([]);
	});

	it('applies to the paid request too', async () => {
		const { clock, submit, sentAt } = setUp([tooMany('11'), accepted('v-1')]);
		await clock.run(submit());
		expect(sentAt()).toEqual([0, 11_000]);
	});
});

describe('the paid request', () => {
	const certainlyNotAccepted: OutcomeName[] = [
		'refused',
		'dns',
		'unreachable',
		'connectTimeout',
		'http429',
		'code1003',
	];

	it.each(certainlyNotAccepted)('is sent again after %s', async (name) => {
		const { clock, submit, sentAt } = setUp([REPLIES[name], accepted('v-1')]);
		expect(await clock.run(submit())).toMatchObject({ uuid: 'v-1' });
		expect(sentAt()).toEqual([0, 500]);
	});

	it.each(OUTCOMES.filter((name) => !certainlyNotAccepted.includes(name)))(
		'is never sent again after %s',
		async (name) => {
			const { clock, submit, sentAt } = setUp([REPLIES[name], accepted('v-2')]);
			expect((await outcomeOf(clock.run(submit()))).name).toBe(name);
			expect(sentAt()).toEqual([0]);
		},
	);

	it('is not sent again after an unclear outcome that follows clear ones', async () => {
		const replies = [REPLIES.refused, tooMany(), REPLIES.reset, accepted('v-2')];
		const { clock, submit, sentAt } = setUp(replies);
		expect((await outcomeOf(clock.run(submit()))).name).toBe('reset');
		expect(sentAt()).toEqual([0, 500, 1500]);
	});

	it('is repeated at most as often as Max Retries says', async () => {
		const { clock, submit, sentAt } = setUp(repeat(9, REPLIES.code1003), { maxRetries: 2 });
		expect((await outcomeOf(clock.run(submit()))).name).toBe('code1003');
		expect(sentAt()).toHaveLength(3);
	});

	it('uses a new permit for each attempt', async () => {
		const { clock, rules } = setUp([]);
		const permits = new Set<PaidPermit>();
		const send = async (permit: PaidPermit) => {
			permits.add(permit);
			permit.use();
			return await Promise.reject<string>(new RequestError({ name: 'dns' }));
		};
		await outcomeOf(clock.run(submitWithRetries(PaidPermit.first(), send, rules)));
		expect(permits.size).toBe(5);
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
		const replies = [tooMany('30'), accepted('v-1'), status('pending')];
		const { clock, status: check, submit, sentAt } = setUp(replies);
		const first = check();
		await clock.advance(10);
		await clock.run(Promise.all([submit(), first]));
		expect(sentAt()).toEqual([0, 30_000, 30_000]);
	});
});

describe('Stop', () => {
	it('ends a pause at once', async () => {
		const stop = new AbortController();
		const { clock, submit, sentAt } = setUp([tooMany('60')], { signal: stop.signal });
		const stopped = rejectionOf(submit());
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
		const { clock, submit, sentAt } = setUp([], { signal: AbortSignal.abort() });
		await expect(clock.run(submit())).rejects.toBeInstanceOf(StoppedError);
		expect(sentAt()).toEqual([]);
	});
});

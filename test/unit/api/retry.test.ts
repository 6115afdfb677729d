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
	REPLIES,
	type Reply,
	scripted,
	status,
	thrownBy,
	tooMany,
} from '../fakes';

const request: GenerateRequest = {
	generationType: 'text_to_video',
	prompt: 'A fox in the snow',
	aspectRatio: 'auto',
};

interface Setting {
	maxRetries?: number;
	jitter?: number;
	signal?: AbortSignal;
}

function world(replies: Array<Reply | Answerer>, { maxRetries = 4, jitter, signal }: Setting = {}) {
	const clock = new FakeClock(Date.UTC(2025, 9, 16), jitter);
	const begunAtMs = clock.now();
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
		/** When each request was sent, in ms since the beginning. */
		sentAt: () => server.times().map((ms) => ms - begunAtMs),
	};
}

const times = (count: number, reply: Reply) => Array.from({ length: count }, () => reply);

async function outcomeOf(work: Promise<unknown>) {
	const thrown = await thrownBy(work);
	if (!(thrown instanceof RequestError)) throw thrown;
	return thrown.outcome;
}

describe('a request that costs nothing', () => {
	it('is sent once where it is answered', async () => {
		const { clock, status: ask, sentAt } = world([status('pending')]);
		expect(await clock.run(ask())).toMatchObject({ status: 'pending' });
		expect(sentAt()).toEqual([0]);
		expect(clock.sleeps).toEqual([]);
	});

	it('is repeated after pauses that double, and no more often than allowed', async () => {
		const { clock, status: ask, sentAt } = world(times(5, REPLIES.http5xx), { jitter: 1 });
		expect((await outcomeOf(clock.run(ask()))).name).toBe('http5xx');
		expect(clock.sleeps).toEqual([1000, 2000, 4000, 8000]);
		expect(sentAt()).toEqual([0, 1000, 3000, 7000, 15_000]);
	});

	it('is repeated until it is answered', async () => {
		const replies = [REPLIES.reset, REPLIES.html, status('processing')];
		const { clock, status: ask } = world(replies);
		expect(await clock.run(ask())).toMatchObject({ status: 'processing' });
		expect(clock.sleeps).toEqual([500, 1000]);
	});

	it.each([0, 1, 2, 7])('is repeated %i times where Max Retries says so', async (maxRetries) => {
		const { clock, status: ask, sentAt } = world(times(9, REPLIES.timeout), { maxRetries });
		await outcomeOf(clock.run(ask()));
		expect(sentAt()).toHaveLength(maxRetries + 1);
	});

	it.each([...OUTCOMES])('is sent again or not after %s as the policy has it', async (name) => {
		const { clock, rules } = world([]);
		let sent = 0;
		const send = async () => {
			sent++;
			return await Promise.reject<string>(new RequestError({ name }));
		};
		expect((await outcomeOf(clock.run(withRetries(send, rules)))).name).toBe(name);
		expect(sent).toBe(expectedOf(name).free === 'again' ? 5 : 1);
	});

	it('is not repeated after something that is no outcome of a request', async () => {
		const { clock, rules } = world([]);
		let sent = 0;
		const send = async () => {
			sent++;
			return await Promise.reject<string>(new RangeError('a slip of ours'));
		};
		const thrown = await thrownBy(clock.run(withRetries(send, rules)));
		expect(thrown).toBeInstanceOf(RangeError);
		expect(sent).toBe(1);
	});
});

describe('Retry-After', () => {
	it('is obeyed in seconds and as a date, where it is the longer pause', async () => {
		const inHalfAMinute = 'Thu, 16 Oct 2025 00:00:37 GMT';
		const replies = [tooMany('7'), tooMany(inHalfAMinute), tooMany('1'), status('pending')];
		const { clock, status: ask, sentAt } = world(replies);
		await clock.run(ask());
		expect(clock.sleeps).toEqual([7000, 30_000, 2000]);
		expect(sentAt()).toEqual([0, 7000, 37_000, 39_000]);
	});

	it('of ten minutes is waited for', async () => {
		const { clock, status: ask } = world([tooMany('600'), status('pending')]);
		await clock.run(ask());
		expect(clock.sleeps).toEqual([600_000]);
	});

	it('of more than ten minutes is told to the user at once', async () => {
		const { clock, status: ask } = world([tooMany('601'), status('pending')]);
		expect(await outcomeOf(clock.run(ask()))).toMatchObject({
			name: 'http429',
			retryAfterMs: 601_000,
		});
		expect(clock.sleeps).toEqual([]);
	});

	// A status check may be told to wait for a day, and gives up in time; the items yet to be submitted share its backoff.
	it('of more than ten minutes that another request was given is not waited for either', async () => {
		const { clock, rules, submit, sentAt } = world([]);
		rules.backoff.failed(clock.now(), 86_400_000);
		const begunAtMs = clock.now();
		await thrownBy(clock.run(submit()));
		expect(clock.now() - begunAtMs).toBeLessThanOrEqual(600_000);
		expect(sentAt()).toEqual([]);
	});

	it('holds for the paid request too', async () => {
		const { clock, submit, sentAt } = world([tooMany('11'), accepted('v-1')]);
		await clock.run(submit());
		expect(sentAt()).toEqual([0, 11_000]);
	});
});

describe('the paid request', () => {
	const surelyNotAccepted: OutcomeName[] = [
		'refused',
		'dns',
		'unreachable',
		'connectTimeout',
		'http429',
		'code1003',
	];

	it.each(surelyNotAccepted)('is sent again after %s', async (name) => {
		const { clock, submit, sentAt } = world([REPLIES[name], accepted('v-1')]);
		expect(await clock.run(submit())).toMatchObject({ uuid: 'v-1' });
		expect(sentAt()).toEqual([0, 500]);
	});

	it.each(OUTCOMES.filter((name) => !surelyNotAccepted.includes(name)))(
		'is never sent again after %s',
		async (name) => {
			const { clock, submit, sentAt } = world([REPLIES[name], accepted('v-2')]);
			expect((await outcomeOf(clock.run(submit()))).name).toBe(name);
			expect(sentAt()).toEqual([0]);
		},
	);

	it('is not sent again after proof is followed by doubt', async () => {
		const replies = [REPLIES.refused, tooMany(), REPLIES.reset, accepted('v-2')];
		const { clock, submit, sentAt } = world(replies);
		expect((await outcomeOf(clock.run(submit()))).name).toBe('reset');
		expect(sentAt()).toEqual([0, 500, 1500]);
	});

	it('is sent at most as often as Max Retries allows', async () => {
		const { clock, submit, sentAt } = world(times(9, REPLIES.code1003), { maxRetries: 2 });
		expect((await outcomeOf(clock.run(submit()))).name).toBe('code1003');
		expect(sentAt()).toHaveLength(3);
	});

	it('needs a new permit each time', async () => {
		const { clock, rules } = world([]);
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

describe('many requests of a run', () => {
	it('are slowed together, once, by one refusal', async () => {
		const replies = [
			...times(3, tooMany()),
			...times(3, tooMany()),
			...times(3, status('pending')),
		];
		const { clock, status: ask, sentAt } = world(replies, { jitter: 1 });
		await clock.run(Promise.all([ask(), ask(), ask()]));
		expect(sentAt()).toEqual([0, 0, 0, 1000, 1000, 1000, 3000, 3000, 3000]);
	});

	it('pause but shortly again once one of them was answered', async () => {
		const fails = [REPLIES.reset, REPLIES.reset];
		const answered = status('pending');
		const { clock, status: ask } = world([...fails, answered, ...fails, answered]);
		await clock.run(ask());
		await clock.run(ask());
		expect(clock.sleeps).toEqual([500, 1000, 500, 1000]);
	});

	it('wait for the Retry-After that another of them was given', async () => {
		const replies = [tooMany('30'), accepted('v-1'), status('pending')];
		const { clock, status: ask, submit, sentAt } = world(replies);
		const first = ask();
		await clock.advance(10);
		await clock.run(Promise.all([submit(), first]));
		expect(sentAt()).toEqual([0, 30_000, 30_000]);
	});
});

describe('Stop', () => {
	it('ends a pause at once', async () => {
		const stop = new AbortController();
		const { clock, submit, sentAt } = world([tooMany('60')], { signal: stop.signal });
		const stopped = thrownBy(submit());
		await clock.advance(2_000);
		stop.abort();
		expect(await stopped).toBeInstanceOf(StoppedError);
		expect(sentAt()).toEqual([0]);
	});

	it('ends a request under way, which is not sent again', async () => {
		const stop = new AbortController();
		const { clock, status: ask, sentAt } = world([hanging], { signal: stop.signal });
		const stopped = thrownBy(ask());
		await clock.advance(2_000);
		stop.abort();
		expect(await stopped).toBeInstanceOf(StoppedError);
		expect(sentAt()).toEqual([0]);
	});

	it('sends nothing where it came before', async () => {
		const { clock, submit, sentAt } = world([], { signal: AbortSignal.abort() });
		expect(await thrownBy(clock.run(submit()))).toBeInstanceOf(StoppedError);
		expect(sentAt()).toEqual([]);
	});
});

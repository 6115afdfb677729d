import fc from 'fast-check';
import { checkBasics, checkImageUrl, checkUuid } from '../../nodes/Veo/api/validation';
import { VeoClient } from '../../nodes/Veo/api/client';
import { RequestError, settle } from '../../nodes/Veo/errors/outcome';
import { byStatus, readAnswer, toDelayMs } from '../../nodes/Veo/api/envelope';
import { StoppedError, VeoError } from '../../nodes/Veo/errors/VeoError';
import { imageTypeOf } from '../../nodes/Veo/api/image';
import { OUTCOMES, type OutcomeName } from '../../nodes/Veo/errors/outcome';
import { Backoff } from '../../nodes/Veo/api/backoff';
import type { GenerateRequest } from '../../nodes/Veo/api/parameters';
import { PaidPermit } from '../../nodes/Veo/api/policy';
import type { ApiAnswer } from '../../nodes/Veo/api/transport';
import { toNoAnswer } from '../../nodes/Veo/http/networkFailures';
import { inPool } from '../../nodes/Veo/jobs/pool';
import { Submissions } from '../../nodes/Veo/jobs/submissions';
import { submitOnce } from '../../nodes/Veo/jobs/submit';
import { JobWaiter } from '../../nodes/Veo/jobs/wait';
import {
	accepted,
	type Answerer,
	jsonRoundTrip,
	FakeClock,
	REPLIES,
	type Reply,
	submitRules,
	transportOf,
} from './fakes';

const NOW = Date.UTC(2025, 9, 16);

/** The mutation tests configure a smaller number of runs for all properties. */
const runs = (numRuns: number) => ({ numRuns: fc.readConfigureGlobal().numRuns ?? numRuns });

const request: GenerateRequest = {
	generationType: 'text_to_video',
	prompt: 'A fox in the snow',
	aspectRatio: 'auto',
};

const anyText = fc.string({ unit: 'binary' });
const anyBytes = fc.uint8Array({ maxLength: 200 });

const anyEnvelope = fc.record(
	{
		code: fc.oneof(fc.constantFrom(0, '0', 1000, 1001, 1002, 1003, 5000), fc.jsonValue()),
		msg: fc.oneof(anyText, fc.jsonValue()),
		data: fc.oneof(
			fc.record(
				{
					uuid: fc.oneof(anyText, fc.jsonValue()),
					status: fc.oneof(fc.constantFrom('pending', 'completed', 'failed'), fc.jsonValue()),
					imageUrl: fc.jsonValue(),
					error: fc.jsonValue(),
				},
				{ requiredKeys: [] },
			),
			fc.jsonValue(),
		),
	},
	{ requiredKeys: [] },
);

const anyBody = fc.oneof(
	anyBytes.map((bytes) => Buffer.from(bytes).toString('utf8')),
	anyText,
	fc.json(),
	anyEnvelope.map((envelope) => JSON.stringify(envelope)),
	// Truncated JSON.
	fc
		.tuple(anyEnvelope, fc.nat(60))
		.map(([envelope, length]) => JSON.stringify(envelope).slice(0, length)),
);

const anyRetryAfter = fc.oneof(
	fc.constant(undefined),
	anyText,
	fc.integer().map(String),
	fc.double().map(String),
	fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
);

const anyAnswer: fc.Arbitrary<ApiAnswer> = fc.record({
	httpStatus: fc.oneof(fc.integer({ min: 100, max: 599 }), fc.integer()),
	retryAfter: anyRetryAfter,
	body: anyBody,
});

function nextOf<T>(stream: Iterator<T, unknown>): T {
	const next = stream.next();
	if (next.done === true) throw new Error('The stream has ended');
	return next.value;
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

describe('any answer of the API', () => {
	it('is read without throwing, and as success only with code 0', () => {
		fc.assert(
			fc.property(anyAnswer, (answer) => {
				const reading = readAnswer(answer);
				const json = parsed(answer.body);
				const code =
					typeof json === 'object' && json !== null && 'code' in json ? json.code : undefined;
				expect(reading.ok).toBe(code === 0 || (typeof code === 'string' && /^0+$/.test(code)));
				if (reading.ok) return;

				const { name, apiMessage, retryAfterMs } = reading.outcome;
				expect(OUTCOMES).toContain(name);
				expect((apiMessage ?? '').length).toBeLessThanOrEqual(500);
				if (retryAfterMs !== undefined) {
					expect(Number.isFinite(retryAfterMs) && retryAfterMs >= 0).toBe(true);
				}
			}),
			runs(2_000),
		);
	});

	it('without a code is read by its HTTP status', () => {
		fc.assert(
			fc.property(fc.integer({ min: 100, max: 599 }), anyText, (httpStatus, text) => {
				const body = JSON.stringify({ text });
				const reading = readAnswer({ httpStatus, body });
				expect(reading).toMatchObject({
					ok: false,
					outcome: { name: byStatus(httpStatus) ?? 'shape', httpStatus },
				});
			}),
		);
	});

	it('leads to data of the documented shape or to a RequestError', async () => {
		await fc.assert(
			fc.asyncProperty(anyAnswer, async (answer) => {
				const client = new VeoClient(async () => await Promise.resolve(answer));
				const job = await settle(client.generate(request, PaidPermit.first()));
				if (!(job instanceof RequestError)) {
					expect(job.uuid.trim()).not.toBe('');
					expect(job).not.toHaveProperty('error');
				}
				const video = await settle(client.status('v-1'));
				if (!(video instanceof RequestError)) {
					expect(video.uuid).toBe('v-1');
					expect(typeof video.status).toBe('string');
					expect(video).not.toHaveProperty('error');
				}
				const file = {
					fileName: 'a.png',
					mimeType: 'image/png',
					bytes: 0,
					open: async () => await Promise.resolve(Buffer.alloc(0)),
				};
				const image = await settle(client.upload(file));
				if (!(image instanceof RequestError)) expect(typeof image.imageUrl).toBe('string');
			}),
			runs(1_000),
		);
	});

	it('has a Retry-After that is read as a finite delay or undefined', () => {
		fc.assert(
			fc.property(anyRetryAfter, (header) => {
				const delayMs = toDelayMs(header);
				expect(delayMs === undefined || (Number.isFinite(delayMs) && delayMs >= 0)).toBe(true);
			}),
		);
	});
});

describe('any value thrown by a network library', () => {
	it('is classified without throwing', () => {
		const anyThrown = fc.letrec((tie) => ({
			thrown: fc.oneof(
				{ maxDepth: 4 },
				fc.anything(),
				fc.record(
					{
						code: fc.oneof(
							fc.constantFrom('ECONNREFUSED', 'ETIMEDOUT', 'ECONNRESET'),
							fc.anything(),
						),
						syscall: fc.constantFrom('connect', 'read', 'write', undefined),
						cause: tie('thrown'),
						errors: fc.array(tie('thrown'), { maxLength: 3 }),
					},
					{ requiredKeys: [] },
				),
			),
		})).thrown;
		fc.assert(
			fc.property(anyThrown, (thrown) => {
				const { noAnswer } = toNoAnswer(thrown);
				expect(OUTCOMES).toContain(noAnswer);
			}),
		);
	});
});

describe('any file', () => {
	it('is an image only if it starts with an image header', () => {
		const headers = fc.constantFrom(
			'',
			'ffd8ff',
			'89504e470d0a1a0a',
			'52494646',
			'5249464600000000',
		);
		fc.assert(
			fc.property(headers, anyBytes, (hex, rest) => {
				const bytes = Buffer.concat([Buffer.from(hex, 'hex'), rest]);
				const start = bytes.toString('latin1');
				const expected = start.startsWith('\xff\xd8\xff')
					? 'image/jpeg'
					: start.startsWith('\x89PNG\r\n\x1a\n')
						? 'image/png'
						: /^RIFF[^]{4}WEBP/.test(start)
							? 'image/webp'
							: undefined;
				expect(imageTypeOf(bytes)?.mimeType).toBe(expected);
			}),
			runs(1_000),
		);
	});
});

describe('any input', () => {
	/** The result of a check, or the VeoError that it throws. */
	function checked<T>(check: () => T): T | VeoError {
		try {
			return check();
		} catch (thrown) {
			if (!(thrown instanceof VeoError)) throw thrown;
			expect(thrown.details).toEqual({ isInput: true });
			return thrown;
		}
	}

	const anyValue = fc.oneof(fc.jsonValue(), anyText, fc.constant(undefined));

	it('becomes a valid request or is refused with a message', () => {
		const generationType = fc.oneof(fc.constantFrom('text_to_video', 'image_to_video'), anyValue);
		const aspectRatio = fc.oneof(fc.constantFrom('auto', '16:9', '9:16'), anyValue);
		fc.assert(
			fc.property(fc.record({ generationType, prompt: anyValue, aspectRatio }), (raw) => {
				const basics = checked(() => checkBasics(raw));
				if (basics instanceof VeoError) return;
				expect(['text_to_video', 'image_to_video']).toContain(basics.generationType);
				expect(['auto', '16:9', '9:16']).toContain(basics.aspectRatio);
				expect(basics.prompt.trim()).not.toBe('');
			}),
			runs(1_000),
		);
	});

	it('becomes an http(s) image URL or is refused with a message', () => {
		fc.assert(
			fc.property(fc.oneof(anyValue, fc.webUrl()), (raw) => {
				const url = checked(() => checkImageUrl(raw));
				if (!(url instanceof VeoError)) expect(new URL(url).protocol).toMatch(/^https?:$/);
			}),
		);
	});

	it('becomes a video ID that stays one path segment, or is refused with a message', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.oneof(anyValue, fc.constantFrom('.', '..', '../x', 'a/b')),
				async (raw) => {
					const uuid = checked(() => checkUuid(raw));
					if (uuid instanceof VeoError) return;
					const { send, paths } = transportOf(() => REPLIES.empty);
					await settle(new VeoClient(send).status(uuid));
					const { pathname, search, hash } = new URL(`https://x.test/api${paths().join()}`);
					expect(pathname.startsWith('/api/video-status/')).toBe(true);
					expect(pathname.split('/')).toHaveLength(4);
					expect(search + hash).toBe('');
				},
			),
		);
	});
});

/** The outcomes after which the API may have accepted the job, written independently of the policy. */
const MAY_HAVE_ACCEPTED: OutcomeName[] = [
	'timeout',
	'reset',
	'tooLarge',
	'seeOther',
	'http4xxUnclear',
	'http5xx',
	'code5000',
	'codeOther',
	'html',
	'empty',
	'notJson',
	'shape',
];

/** How one paid request ends for the client, and whether the server accepts it. */
type Behavior =
	| { ends: 'accepted' }
	| { ends: OutcomeName; accepts: boolean; retryAfter?: string }
	| { ends: 'stopped' | 'crashed'; accepts: boolean };

const anyBehavior: fc.Arbitrary<Behavior> = fc.oneof(
	{ weight: 3, arbitrary: fc.constant<Behavior>({ ends: 'accepted' }) },
	{
		weight: 12,
		arbitrary: fc.record({
			ends: fc.constantFrom(...OUTCOMES),
			accepts: fc.boolean(),
			retryAfter: fc.constantFrom(undefined, '0', '5', '9999999'),
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({
			ends: fc.constantFrom('stopped', 'crashed'),
			accepts: fc.boolean(),
		}),
	},
);

const withRetryAfter = (reply: Reply, retryAfter?: string): Reply =>
	'noAnswer' in reply ? reply : { ...reply, retryAfter };

describe('the paid requests of any execution', () => {
	const anyExecution = fc.record({
		items: fc.integer({ min: 1, max: 4 }),
		tries: fc.integer({ min: 1, max: 4 }),
		maxRetries: fc.integer({ min: 0, max: 4 }),
		limit: fc.integer({ min: 1, max: 4 }),
		latenciesMs: fc.infiniteStream(fc.integer({ min: 0, max: 3_000 })),
		behaviors: fc.infiniteStream(anyBehavior),
	});

	it('pay for no item twice and lose no job whose ID was received', async () => {
		let maxPaid = 0;
		await fc.assert(
			fc.asyncProperty(anyExecution, async ({ items, tries, maxRetries, limit, ...server }) => {
				const clock = new FakeClock(NOW, 0.5);
				const { latenciesMs, behaviors } = server;
				const paid = Array.from({ length: items }, () => 0);
				const known = new Map<number, string>();
				let jobs = 0;

				const answer =
					(itemIndex: number): Answerer =>
					async () => {
						const behavior = nextOf(behaviors);
						const uuid = `v-${++jobs}`;
						const accept = () => {
							paid[itemIndex] = (paid[itemIndex] ?? 0) + 1;
						};
						await clock.pass(nextOf(latenciesMs));
						if (behavior.ends === 'accepted') {
							accept();
							known.set(itemIndex, uuid);
							return accepted(uuid);
						}
						if (behavior.ends === 'stopped' || behavior.ends === 'crashed') {
							if (behavior.accepts) accept();
							throw behavior.ends === 'stopped' ? new StoppedError() : new RangeError('crashed');
						}
						if (behavior.accepts && MAY_HAVE_ACCEPTED.includes(behavior.ends)) accept();
						return withRetryAfter(
							REPLIES[behavior.ends],
							'retryAfter' in behavior ? behavior.retryAfter : undefined,
						);
					};

				let store = {};
				for (let i = 0; i < tries; i++) {
					store = jsonRoundTrip(store);
					const submissions = new Submissions(store, 0);
					const one = async (itemIndex: number) => {
						const { send } = transportOf(answer(itemIndex));
						const item = {
							itemIndex,
							requestHash: `h-${itemIndex}`,
							prepare: async () => await Promise.resolve(request),
						};
						const rules = submitRules(new VeoClient(send), { submissions, maxRetries });
						const before = known.get(itemIndex);
						const { job, thrown } = await submitOnce(item, rules).then(
							(result) => ({ job: result, thrown: undefined }),
							(thrown: unknown) => ({ job: undefined, thrown }),
						);
						// Every attempt returns a job whose ID is known.
						if (before !== undefined) expect(job?.uuid).toBe(before);
						expect(job?.uuid).toBe(known.get(itemIndex));
						if (!job) {
							const isExpected =
								thrown instanceof VeoError ||
								thrown instanceof StoppedError ||
								thrown instanceof RangeError;
							expect(isExpected).toBe(true);
						}
						// The message must not suggest a retry if a job may have been paid for.
						if (thrown instanceof VeoError && paid[itemIndex] !== 0) {
							expect(thrown.details.isUnclear).toBe(true);
						}
					};
					await clock.run(inPool([...paid.keys()], limit, one));
					expect(new Map(submissions.accepted().map((job) => [job.itemIndex, job.uuid]))).toEqual(
						known,
					);
				}
				maxPaid = Math.max(maxPaid, ...paid);
				expect(paid.every((times) => times <= 1)).toBe(true);
			}),
			runs(1_000),
		);
		// Makes sure that the server accepted some requests.
		expect(maxPaid).toBe(1);
	}, 60_000);
});

describe('a wait with any answers to its checks', () => {
	const anyCheck = fc.oneof(
		fc.constantFrom(...OUTCOMES).map((name): Reply => REPLIES[name]),
		anyAnswer,
		fc
			.constantFrom(...OUTCOMES)
			.chain((name) =>
				anyRetryAfter.map((retryAfter): Reply => withRetryAfter(REPLIES[name], retryAfter)),
			),
	);

	it('ends in time with a result and makes no check within 5 seconds after another', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.infiniteStream(anyCheck),
				fc.integer({ min: 5_000, max: 60_000 }),
				fc.integer({ min: 1_000, max: 900_000 }),
				async (checks, intervalMs, maxWaitMs) => {
					const clock = new FakeClock(NOW, 0.5);
					const { send, times } = transportOf(() => nextOf(checks));
					const client = new VeoClient(send);
					const backoff = new Backoff();
					const stop = new AbortController();
					const { signal } = stop;
					const waiter = new JobWaiter({ client, backoff, intervalMs, maxWaitMs, signal });
					const waited = await clock.run(waiter.wait({ uuid: 'v-1' }));
					stop.abort();
					// The rate may delay the last check.
					expect(clock.now() - NOW).toBeLessThanOrEqual(maxWaitMs + 10_000);
					if (waited.ended === 'timeout') {
						expect(clock.now() - NOW).toBeGreaterThanOrEqual(maxWaitMs);
					}
					if (waited.ended === 'keyRefused') {
						expect(['http401', 'http403', 'code1002']).toContain(waited.lastOutcome.name);
					}
					const gaps = times().map((ms, index) => ms - (times()[index - 1] ?? -Infinity));
					const last = Number(times().at(-1)) >= NOW + maxWaitMs ? gaps.pop() : undefined;
					expect(last ?? 0).toBeGreaterThanOrEqual(0);
					expect(gaps.every((gap) => gap >= 5_000)).toBe(true);
				},
			),
			runs(300),
		);
	}, 60_000);
});

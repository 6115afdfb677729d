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
import { VideoLimit } from '../../nodes/Veo/jobs/videoLimit';
import { submitOnce } from '../../nodes/Veo/jobs/submit';
import { waitForJob } from '../../nodes/Veo/jobs/wait';
import {
	accepted,
	type Answerer,
	asN8nStoresIt,
	FakeClock,
	REPLIES,
	type Reply,
	transportOf,
} from './fakes';

const NOW = Date.UTC(2025, 9, 16);

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
	// Cut off somewhere.
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

function nextOf<T>(endless: Iterator<T, unknown>): T {
	const next = endless.next();
	if (next.done === true) throw new Error('It ended');
	return next.value;
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

describe('whatever the API answers', () => {
	it('is read without throwing, as success only where the envelope says 0', () => {
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
			{ numRuns: 2_000 },
		);
	});

	it('without a code goes by its HTTP status', () => {
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

	it('gives the client an answer of the documented shape or a failed request, nothing else', async () => {
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
			{ numRuns: 1_000 },
		);
	});

	it('as Retry-After is a time to wait or nothing', () => {
		fc.assert(
			fc.property(anyRetryAfter, (header) => {
				const delayMs = toDelayMs(header);
				expect(delayMs === undefined || (Number.isFinite(delayMs) && delayMs >= 0)).toBe(true);
			}),
		);
	});
});

describe('whatever a network library throws', () => {
	it('is told apart without throwing', () => {
		const fault = fc.letrec((tie) => ({
			fault: fc.oneof(
				{ maxDepth: 4 },
				fc.anything(),
				fc.record(
					{
						code: fc.oneof(
							fc.constantFrom('ECONNREFUSED', 'ETIMEDOUT', 'ECONNRESET'),
							fc.anything(),
						),
						syscall: fc.constantFrom('connect', 'read', 'write', undefined),
						cause: tie('fault'),
						errors: fc.array(tie('fault'), { maxLength: 3 }),
					},
					{ requiredKeys: [] },
				),
			),
		})).fault;
		fc.assert(
			fc.property(fault, (thrown) => {
				const { noAnswer } = toNoAnswer(thrown);
				expect(OUTCOMES).toContain(noAnswer);
			}),
		);
	});
});

describe('whatever bytes are in a file', () => {
	it('are an image only where they begin as one', () => {
		const beginnings = fc.constantFrom(
			'',
			'ffd8ff',
			'89504e470d0a1a0a',
			'52494646',
			'5249464600000000',
		);
		fc.assert(
			fc.property(beginnings, anyBytes, (hex, rest) => {
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
			{ numRuns: 1_000 },
		);
	});
});

describe('whatever is filled in', () => {
	/** The result of a check, or the failure it throws. Anything else that is thrown fails the test. */
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

	it('is a request that the API knows, or is refused in words', () => {
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
			{ numRuns: 1_000 },
		);
	});

	it('is the address of an image on the web, or is refused in words', () => {
		fc.assert(
			fc.property(fc.oneof(anyValue, fc.webUrl()), (raw) => {
				const url = checked(() => checkImageUrl(raw));
				if (!(url instanceof VeoError)) expect(new URL(url).protocol).toMatch(/^https?:$/);
			}),
		);
	});

	it('is the ID of a video that stays within its place in the path, or is refused in words', async () => {
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

/**
 * Which endings leave open whether the API accepted the job. Written down here once more, and not taken from the policy:
 * the server below goes by it.
 */
const MAY_HAVE_ACCEPTED: OutcomeName[] = [
	'timeout',
	'reset',
	'tooLarge',
	'seeOther',
	'http408',
	'http5xx',
	'code5000',
	'codeOther',
	'html',
	'empty',
	'notJson',
	'shape',
];

/** How the server treats one paid request: how it ends for the client, and whether a job was made of it. */
type Treatment =
	| { ends: 'accepted' }
	| { ends: OutcomeName; accepts: boolean; retryAfter?: string }
	| { ends: 'stopped' | 'crashed'; accepts: boolean };

const anyTreatment: fc.Arbitrary<Treatment> = fc.oneof(
	{ weight: 3, arbitrary: fc.constant<Treatment>({ ends: 'accepted' }) },
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

describe('whatever happens to the paid requests of an execution', () => {
	const anyExecution = fc.record({
		items: fc.integer({ min: 1, max: 4 }),
		tries: fc.integer({ min: 1, max: 4 }),
		maxRetries: fc.integer({ min: 0, max: 4 }),
		limit: fc.integer({ min: 1, max: 4 }),
		latenciesMs: fc.infiniteStream(fc.integer({ min: 0, max: 3_000 })),
		treatments: fc.infiniteStream(anyTreatment),
	});

	it('no item is paid for twice, and no job whose ID came is lost', async () => {
		let mostPaid = 0;
		await fc.assert(
			fc.asyncProperty(anyExecution, async ({ items, tries, maxRetries, limit, ...server }) => {
				const clock = new FakeClock(NOW, 0.5);
				const { latenciesMs, treatments } = server;
				const paid = Array.from({ length: items }, () => 0);
				const known = new Map<number, string>();
				let jobs = 0;

				const answer =
					(itemIndex: number): Answerer =>
					async () => {
						const treatment = nextOf(treatments);
						const uuid = `v-${++jobs}`;
						const accept = () => {
							paid[itemIndex] = (paid[itemIndex] ?? 0) + 1;
						};
						await clock.pass(nextOf(latenciesMs));
						if (treatment.ends === 'accepted') {
							accept();
							known.set(itemIndex, uuid);
							return accepted(uuid);
						}
						if (treatment.ends === 'stopped' || treatment.ends === 'crashed') {
							if (treatment.accepts) accept();
							throw treatment.ends === 'stopped' ? new StoppedError() : new RangeError('crashed');
						}
						if (treatment.accepts && MAY_HAVE_ACCEPTED.includes(treatment.ends)) accept();
						return withRetryAfter(
							REPLIES[treatment.ends],
							'retryAfter' in treatment ? treatment.retryAfter : undefined,
						);
					};

				let store = {};
				for (let i = 0; i < tries; i++) {
					store = asN8nStoresIt(store);
					const submissions = new Submissions(store, 0);
					const retry = { backoff: new Backoff(), maxRetries };
					const one = async (itemIndex: number) => {
						const { send } = transportOf(answer(itemIndex));
						const item = {
							itemIndex,
							requestHash: `h-${itemIndex}`,
							prepare: async () => await Promise.resolve(request),
						};
						const videoLimit = new VideoLimit(store, '1', 0);
						const rules = { client: new VeoClient(send), submissions, videoLimit, retry };
						const before = known.get(itemIndex);
						const { job, thrown } = await submitOnce(item, rules).then(
							(given) => ({ job: given, thrown: undefined }),
							(thrown: unknown) => ({ job: undefined, thrown }),
						);
						// Once its ID is known, a job is what every try gives.
						if (before !== undefined) expect(job?.uuid).toBe(before);
						expect(job?.uuid).toBe(known.get(itemIndex));
						if (!job) {
							const isForeseen =
								thrown instanceof VeoError ||
								thrown instanceof StoppedError ||
								thrown instanceof RangeError;
							expect(isForeseen).toBe(true);
						}
						// Nobody is told to just try again where a job may have been paid for.
						if (thrown instanceof VeoError && paid[itemIndex] !== 0) {
							expect(thrown.details.isUnclear).toBe(true);
						}
					};
					await clock.run(inPool([...paid.keys()], limit, one));
					expect(new Map(submissions.accepted().map((job) => [job.itemIndex, job.uuid]))).toEqual(
						known,
					);
				}
				mostPaid = Math.max(mostPaid, ...paid);
				expect(paid.every((times) => times <= 1)).toBe(true);
			}),
			{ numRuns: 1_000 },
		);
		// The server did accept now and then.
		expect(mostPaid).toBe(1);
	}, 60_000);
});

describe('whatever happens to the checks of a job', () => {
	const anyCheck = fc.oneof(
		fc.constantFrom(...OUTCOMES).map((name): Reply => REPLIES[name]),
		anyAnswer,
		fc
			.constantFrom(...OUTCOMES)
			.chain((name) =>
				anyRetryAfter.map((retryAfter): Reply => withRetryAfter(REPLIES[name], retryAfter)),
			),
	);

	it('the wait ends in time, as a result, and no check comes before its time', async () => {
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
					const waited = await clock.run(
						waitForJob('v-1', { client, backoff, intervalMs, maxWaitMs }),
					);
					expect(clock.now() - NOW).toBeLessThanOrEqual(maxWaitMs);
					if (waited.ended === 'timeout') expect(clock.now() - NOW).toBe(maxWaitMs);
					if (waited.ended === 'keyRefused') {
						expect(['http401', 'http403', 'code1002']).toContain(waited.lastOutcome.name);
					}
					const gaps = times().map((ms, index) => ms - (times()[index - 1] ?? -Infinity));
					const last = times().at(-1) === NOW + maxWaitMs ? gaps.pop() : undefined;
					expect(last ?? 0).toBeGreaterThanOrEqual(0);
					expect(gaps.every((gap) => gap >= intervalMs)).toBe(true);
				},
			),
			{ numRuns: 300 },
		);
	}, 60_000);
});

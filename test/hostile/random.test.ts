/** Answers made of pieces of the corpus at random. */
import fc from 'fast-check';
import { isPrivateAddress } from '../../nodes/Veo/api/address';
import { toFileStem } from '../../nodes/Veo/shared/fileName';
import { together, useN8n } from '../integration/support';
import { isSafeFileName, watchMemory, withstands } from './invariants';
import {
	addressSchema,
	type HostileAnswer,
	answerSchema,
	fileNameSchema,
	readLines,
	type Text,
} from './lines';

useN8n();
watchMemory(700);
const test = together(8);

const RUNS = 60;
const SEED = 2026;
// Those that drip or hang take seconds each, and are among the lines themselves.
const ANSWERS = readLines('answers.jsonl', answerSchema).filter(
	({ raw, then, refused }) => raw === undefined && then !== 'drip' && then !== 'hang' && !refused,
);

const MUTATIONS: Array<(text: string, at: number) => string> = [
	(text) => text,
	(text, at) => text.slice(0, at),
	(text, at) => text.slice(at),
	(text, at) => `${text.slice(0, at)}\0${text.slice(at)}`,
	(text, at) => `${text.slice(0, at)}{key}${text.slice(at)}`,
	(text, at) => `${text.slice(0, at)}\\ud800${text.slice(at)}`,
	(text, at) => text.slice(0, at) + text.slice(at + 1),
];

/** The codes by which the API says that it did not accept the request. */
const REFUSING = /\\"code\\":\s*100[0-3]\b/;

const textsOf = (body: Text): Array<string | [string, number]> =>
	typeof body === 'string' ? [body] : body;

const anyAnswer: fc.Arbitrary<HostileAnswer> = fc
	.record({
		answer: fc.constantFrom(...ANSWERS),
		body: fc.constantFrom(...ANSWERS).map(({ body }) => body),
		status: fc.constantFrom(200, 200, 200, 201, 302, 401, 408, 429, 500),
		mutate: fc.constantFrom(...MUTATIONS),
		place: fc.double({ min: 0, max: 1, noNaN: true }),
	})
	.map(({ answer, body, status, mutate, place }) => ({
		...answer,
		// What the line itself promises is not true of another body.
		uuid: undefined,
		refused: [401, 429].includes(status) || (status < 300 && REFUSING.test(JSON.stringify(body))),
		status,
		body: textsOf(body).map((part) =>
			typeof part === 'string' ? mutate(part, Math.floor(place * part.length)) : part,
		),
	}));

describe('The package withstands an answer of random pieces', () => {
	for (const [index, answer] of fc.sample(anyAnswer, { numRuns: RUNS, seed: SEED }).entries()) {
		test(`number ${index}: ${answer.on}, HTTP ${answer.status}, ${answer.name}`, async () => {
			await withstands(answer);
		});
	}
});

it('makes a safe file name of any pieces', () => {
	const names = readLines('fileNames.jsonl', fileNameSchema).map(({ fileName }) => fileName);
	const pieces = fc.array(fc.oneof(fc.constantFrom(...names), fc.string()), { maxLength: 4 });
	fc.assert(
		fc.property(pieces, (parts) => {
			const stem = toFileStem(parts.join(''));
			if (stem !== undefined) expect([stem, isSafeFileName(`${stem}.mp4`)]).toEqual([stem, true]);
		}),
	);
});

it('counts an address as private, whatever its path, port and user are', () => {
	const hosts = readLines('addresses.jsonl', addressSchema)
		.filter(({ address }) => URL.canParse(address))
		.map(({ address }) => new URL(address).hostname);
	const parts = fc.record({
		host: fc.constantFrom(...hosts),
		scheme: fc.constantFrom('http', 'https', 'HTTP'),
		user: fc.constantFrom('', 'user:pw@', 'example.com@'),
		port: fc.constantFrom('', ':80', ':65535'),
		path: fc.webPath(),
	});
	fc.assert(
		fc.property(parts, ({ host, scheme, user, port, path }) => {
			expect(isPrivateAddress(`${scheme}://${user}${host}${port}${path}`)).toBe(true);
		}),
	);
});

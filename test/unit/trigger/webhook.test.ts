import type { IWebhookFunctions } from 'n8n-workflow';
import { hint } from '../../../nodes/Veo/trigger/trigger';
import { receiveWebhook, stringsIn } from '../../../nodes/Veo/trigger/webhook';
import { NODE } from '../fakes';
import { TRIGGER_KEY } from './fakes';

// An active trigger, which takes the hints, runs for ever.
jest.mock('../../../nodes/Veo/trigger/trigger', () => ({ hint: jest.fn() }));

const UUID = '2f1b8a36-0c3e-4c5e-9d28-5b1c6f0f9f4e';

describe('The strings of a webhook call', () => {
	it.each<[string, unknown]>([
		['JSON', { data: { uuid: UUID, status: 'completed' } }],
		['a list', [{ id: UUID }]],
		['a form', { uuid: UUID, code: '0' }],
		['a text', `video ${UUID}`.slice(6)],
		['JSON as a text', JSON.stringify({ uuid: UUID })],
		['a key', { [UUID]: 'completed' }],
		['a long text', `${'x '.repeat(40)}uuid=${UUID}&status=completed ${'y'.repeat(300)}`],
	])('include the uuid in %s', (_, body) => {
		expect(stringsIn(body)).toContain(UUID);
	});

	it('are at most a hundred, of at most 200 characters, whatever the body is', () => {
		const many = Array.from({ length: 1_000 }, (_, index) => `text ${index}`);
		expect(stringsIn(many)).toHaveLength(100);
		expect(stringsIn(['x'.repeat(201)])).toEqual([]);
		for (const body of [undefined, null, 7, true, '', {}, []]) expect(stringsIn(body)).toEqual([]);
	});

	it('are at most a hundred even if a long text holds more', () => {
		const short = Array.from({ length: 99 }, (_, index) => `text ${index}`);
		const long = Array.from({ length: 100 }, (_, index) => `word${index}`).join(' ');
		expect(stringsIn([...short, long])).toEqual([...short, 'word0']);
	});

	it('are whole texts of up to 200 characters, and words of longer texts', () => {
		expect(stringsIn(['order 7'])).toEqual(['order 7']);
		const full = `order ${'x'.repeat(194)}`;
		expect(stringsIn([full])).toEqual([full]);
		expect(stringsIn([`${full}x`])).toEqual(['order', 'x'.repeat(195)]);
		expect(stringsIn([`a ${'x'.repeat(200)} ${'y'.repeat(201)} b`])).toEqual([
			'a',
			'x'.repeat(200),
			'b',
		]);
	});

	it('are a hundred words of a long text, whatever lies between them', () => {
		const words = Array.from({ length: 100 }, (_, index) => `word${index}`);
		expect(stringsIn([words.join(' , ')])).toEqual(words);
	});

	it('have no spaces around them', () => {
		expect(stringsIn([` ${UUID}\n`])).toEqual([UUID]);
	});

	it('are among the first 200 values of a list', () => {
		expect(stringsIn([...Array<number>(199).fill(0), UUID])).toEqual([UUID]);
		expect(stringsIn([...Array<number>(200).fill(0), UUID])).toEqual([]);
	});

	it('are among the first 10,000 values of a body', () => {
		// The body itself, 50 lists, and what they hold.
		const body = (before: number) => [
			...Array.from({ length: 49 }, () => Array<number>(200).fill(0)),
			[...Array<number>(before).fill(0), UUID],
		];
		expect(stringsIn(body(148))).toEqual([UUID]);
		expect(stringsIn(body(149))).toEqual([]);
	});

	it('are found without recursion in a body of any depth', () => {
		let body: unknown = UUID;
		for (let depth = 0; depth < 100_000; depth++) body = [body];
		expect(stringsIn(body)).toEqual([]);
	});
});

describe('A webhook call', () => {
	/** What the trigger is told of a call. */
	async function hintsOf(request: unknown): Promise<unknown> {
		jest.mocked(hint).mockClear();
		// n8n's context is far larger than what is used of it.
		const context = {
			getRequestObject: () => request,
			getWorkflow: () => ({ id: 'workflow-1' }),
			getNode: () => NODE,
		} as unknown as IWebhookFunctions;
		// Every call gets the same answer.
		expect(await receiveWebhook(context)).toEqual({ webhookResponse: { received: true } });
		expect(hint).toHaveBeenCalledTimes(1);
		const [key, texts] = jest.mocked(hint).mock.calls[0] ?? [];
		expect(key).toBe(TRIGGER_KEY);
		return texts;
	}

	const raw = (text: string) => Buffer.from(text);
	const LIMIT = 64 * 1024;

	it('gives the strings of its body to its trigger', async () => {
		expect(await hintsOf({ body: { uuid: UUID } })).toEqual(['uuid', UUID]);
		expect(await hintsOf({ body: { uuid: UUID }, rawBody: raw('other') })).toEqual(['uuid', UUID]);
		expect(await hintsOf({ body: UUID, rawBody: raw('other') })).toEqual([UUID]);
	});

	it.each([undefined, {}])(
		'gives the text that n8n has not read, with the body %j',
		async (body) => {
			expect(await hintsOf({ body, rawBody: raw(UUID) })).toEqual([UUID]);
			expect(await hintsOf({ body, rawBody: raw('vidéo') })).toEqual(['vidéo']);
		},
	);

	it('gives nothing if there is nothing', async () => {
		for (const request of [undefined, {}, { body: {} }, { body: {}, rawBody: UUID }]) {
			expect(await hintsOf(request)).toEqual([]);
		}
		for (const body of [null, []]) expect(await hintsOf({ body, rawBody: raw(UUID) })).toEqual([]);
	});

	it('gives nothing of a text of more than 64 KiB', async () => {
		const text = (length: number) => raw(`${UUID} `.padEnd(length, 'x'));
		expect(await hintsOf({ rawBody: text(LIMIT) })).toEqual([UUID]);
		expect(await hintsOf({ rawBody: text(LIMIT + 1) })).toEqual([]);
		expect(await hintsOf({ body: { uuid: UUID }, rawBody: text(LIMIT + 1) })).toEqual([]);
	});

	it('gives nothing of a body of more than 64 KiB', async () => {
		const quotes = '[""]'.length;
		const body = (length: number) => [`${UUID} `.padEnd(length - quotes, 'x')];
		expect(await hintsOf({ body: body(LIMIT) })).toEqual([UUID]);
		expect(await hintsOf({ body: body(LIMIT + 1) })).toEqual([]);
	});
});

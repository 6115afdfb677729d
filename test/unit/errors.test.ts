/** Every message that the package can show: n8n's rules for such texts, and the page of the docs that lists them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type INode, type INodeProperties, NodeApiError, NodeOperationError } from 'n8n-workflow';
import { toNodeError } from '../../nodes/Veo/errors/nodeErrors';
import { VeoError } from '../../nodes/Veo/errors/VeoError';
import * as messages from '../../nodes/Veo/errors/messages';
import { Veo } from '../../nodes/Veo/Veo.node';
import { VeoTrigger } from '../../nodes/Veo/VeoTrigger.node';
import { ALL, CREDENTIALS, ELSEWHERE, textOf, THEIR_WORDS } from './everyMessage';

const ROOT = join(__dirname, '../..');

const everyText = [
	...new Map(
		Object.entries(ALL).flatMap(([name, made]) =>
			made.map((one): [string, [string, string]] => [textOf(one), [name, textOf(one)]]),
		),
	).values(),
];

const everyFailure = Object.fromEntries(
	Object.entries(ALL).map(([name, made]) => [name, made.filter((one) => one instanceof VeoError)]),
);

describe('the walk', () => {
	it('makes every message of messages.ts', () => {
		expect(Object.keys(ALL).sort()).toEqual(Object.keys(messages).sort());
		for (const made of Object.values(ALL)) expect(made).not.toEqual([]);
	});
});

/** The display names of all that a user sees in the form and in the credential. */
function displayNames(): Set<string> {
	const names = new Set<string>();
	const collect = (fields: NonNullable<INodeProperties['options']>) => {
		for (const field of fields) {
			// A unit in brackets belongs to the number, not to the name.
			if ('displayName' in field) names.add(field.displayName.replace(/ \(\w+\)$/, ''));
			if ('value' in field) names.add(field.name);
			if ('options' in field) collect(field.options ?? []);
		}
	};
	collect(new Veo().description.properties);
	collect(new VeoTrigger().description.properties);
	for (const { properties } of CREDENTIALS) collect(properties);
	return names;
}

const FORBIDDEN = /error|problem|failure|mistake/i;
/** Words of programmers. What the form and the docs call by name, such as the HTTP status, is none. */
const JARGON =
	/\b(null|nil|void|boolean|string|array|object|binary|param(eter)?s?|payload|endpoint|envelope|parse[drs]?|exceptions?|stack|socket|DNS|TLS|SSL|[A-Z]{2,}_[A-Z_]+|E(CONN|NOT|AI|HOST|TIMED)\w*)\b/;

describe('every message', () => {
	it.each(everyText)('of %s ends properly and has no gaps: %s', (_, text) => {
		expect(text).toMatch(/^([A-Z']|n8n ).*[\w'"/]\.$/);
		expect(text).not.toMatch(/\.\.|\s\s|\s[.,:]|undefined|null|NaN|\[object/);
	});

	it.each(everyText)('of %s keeps to words that n8n asks for: %s', (_, text) => {
		const ours = text.replaceAll(THEIR_WORDS, '');
		expect(ours).not.toMatch(FORBIDDEN);
		expect(ours).not.toMatch(JARGON);
	});

	it.each(ELSEWHERE.parts)('keeps to them elsewhere, too: %s', (text) => {
		expect(text).not.toMatch(FORBIDDEN);
		expect(text).not.toMatch(JARGON);
	});

	it.each(everyText)('of %s calls fields what the form calls them: %s', (_, text) => {
		const ours = text.replaceAll(THEIR_WORDS, '').replace(/"[^"]*"/g, '');
		const known = new Set([
			...displayNames(),
			// What is no field: an output field, an input's field, a table, statuses.
			...['uuid', 'data', 'veo_jobs', 'failed', 'completed', 'pending', 'processing', 'rendering'],
		]);
		const quoted = [...ours.matchAll(/(?<![a-z])'([^']+)'/g)].map(([, name]) => name);
		expect(quoted.filter((name) => name === undefined || !known.has(name))).toEqual([]);
		expect(ours).not.toMatch(
			/\b(generationType|aspectRatio|imageUrl|imageKey|imageSource|binaryPropertyName|maxWaitTime|requestTimeout|apiKey|baseUrl)\b/,
		);
	});

	it('says what happened in a clause without a full stop, then how to go on', () => {
		for (const { message, description, fullText } of Object.values(everyFailure).flat()) {
			expect(message).not.toMatch(/[.:,\s]$/);
			expect(description).toMatch(/^[A-Z].*\.$/);
			expect(fullText).toBe(`${message}. ${description}`);
		}
	});
});

describe('every message as n8n shows it', () => {
	const node: INode = {
		id: '1',
		name: 'Veo',
		type: 'n8n-nodes-veo3o1.veo',
		typeVersion: 1,
		position: [0, 0],
		parameters: {},
	};

	it.each(Object.keys(ALL))('names the item and the way out: %s', (name) => {
		for (const failure of everyFailure[name] ?? []) {
			const { details } = failure;
			const shown = toNodeError(node, failure, { itemIndex: 3 });
			const { message, description = '' } = shown;
			expect(shown).toBeInstanceOf(details.isInput ? NodeOperationError : NodeApiError);
			expect(shown.context.itemIndex).toBe(3);
			expect(message).toContain(`${failure.message} [item 3]`);
			// Where a video is paid for, the message alone says it all, for it may be all that is kept.
			expect(details.uuid === undefined ? description : message).toContain(failure.description);
			expect(`${message} ${description}`.replaceAll(THEIR_WORDS, '')).not.toMatch(FORBIDDEN);
		}
	});
});

describe('the page of the docs', () => {
	const page = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');

	const gap = (name: string) => (name === '‹: API message›' ? '(: .+)?' : '.+');

	/** Each message of the page as a pattern: whatever differs from case to case is in ‹angle quotes› there. */
	const rows = page
		.split('\n')
		.filter((line) => /^\| .+ \|$/.test(line) && !/^\| (---|message|in the log) \|/.test(line))
		.map((line): [string, RegExp] => {
			const [, what = '', next = ''] = line.split('|').map((cell) => cell.trim());
			// A remedy in italics is the page's own.
			const message = next.startsWith('_')
				? what
				: `${what}${/\.›?$/.test(what) ? '' : '.'} ${next}`;
			const pattern = message
				.split(/(‹[^›]*›)/)
				.map((part) => (/^‹/.test(part) ? gap(part) : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
				.join('');
			return [message, new RegExp(`^${pattern}\\.?$`)];
		});

	const texts = everyText.map(([, text]) => text);

	it.each(texts)('has: %s', (text) => {
		expect(rows.some(([, pattern]) => pattern.test(text))).toBe(true);
	});

	it.each(rows)('has only what there is: %s', (_, pattern) => {
		expect(texts.some((text) => pattern.test(text))).toBe(true);
	});
});

/** What a message says depends on numbers and outcomes. */
import * as messages from '../../../nodes/Veo/errors/messages';
import { apiMessageText, quoted } from '../../../nodes/Veo/errors/messages/text';
import { keepVideo } from '../../../nodes/Veo/errors/outcome';
import { StoppedError, VeoError } from '../../../nodes/Veo/errors/VeoError';

describe('the message of a table name that several tables have', () => {
	const table = (id: string) => ({ id, projectId: `p${id}`, createdAt: '2026-01-02' });

	it('lists their IDs, projects and dates', () => {
		const { message, details } = messages.ambiguousTable('jobs', [table('a'), { id: 'b' }]);
		expect(message).toBe(
			"The n8n API key has access to 2 Data Tables named 'jobs': a, project pa, created 2026-01-02; b",
		);
		expect(details.isInput).toBe(true);
	});

	it('lists five, and counts the others', () => {
		const tables = [...'abcdefg'].map((id) => ({ id }));
		expect(messages.ambiguousTable('jobs', tables.slice(0, 5)).message).toMatch(/: a; b; c; d; e$/);
		expect(messages.ambiguousTable('jobs', tables).message).toMatch(/: a; b; c; d; e; and 2 more$/);
	});
});

it('names one column, or several', () => {
	const one = messages.missingColumns('jobs', ['uuid']);
	expect(one.message).toBe(`The Data Table 'jobs' has no column "uuid"`);
	expect(one.description).toMatch(/^Add it to the table with exactly this name, or/);
	expect(one.details.isInput).toBe(true);
	const two = messages.missingColumns('jobs', ['uuid', 'status']);
	expect(two.message).toMatch(/no column "uuid", "status"$/);
	expect(two.description).toMatch(/^Add them to the table with exactly these names, or/);
});

it('is about the input if there is no table, or no finished video', () => {
	expect(messages.missingTable('jobs').details.isInput).toBe(true);
	expect(messages.nothingFinished().details.isInput).toBe(true);
});

describe('in the log', () => {
	const failed = (uuid: string) => ({ uuid, outcome: { name: 'reset' } as const });

	it('is one failed check, and the number of others', () => {
		const one = messages.notChecked([failed('v-1')]);
		expect(one).toMatch(/^The status of video v-1 .*\. It will be checked again\.$/);
		const three = messages.notChecked([failed('v-1'), failed('v-2'), failed('v-3')]);
		expect(three).toBe(`${one} The same applies to 2 more.`);
	});

	it('is the number of videos that were not delivered', () => {
		expect(messages.notDelivered(1)).toMatch(/ 1 finished video\. It will be retried\.$/);
		expect(messages.notDelivered(2)).toMatch(/ 2 finished videos\. They will be retried\.$/);
	});
});

describe('the way on after a failed status check', () => {
	it.each(['http4xx', 'code1000'] as const)('is to check the ID: %s', (name) => {
		const { description, details } = messages.statusFailed('v-1', { name, httpStatus: 404 });
		expect(description).toMatch(/^Check 'Video ID'/);
		expect(details).toMatchObject({ uuid: 'v-1', httpStatus: 404 });
	});

	it.each(['http5xx', 'code5000', 'reset'] as const)('is to try again later: %s', (name) => {
		expect(messages.statusFailed('v-1', { name }).description).toBe('Try again later.');
	});

	it('keeps the ID of an identical video', () => {
		const outcome = { name: 'http5xx', httpStatus: 503 } as const;
		const { details } = messages.identicalNotChecked('v-1', outcome);
		expect(details).toMatchObject({ uuid: 'v-1', httpStatus: 503 });
	});
});

it.each([
	[{ required: 2, current: 0 }, 'Not enough credits: needs 2 credits, 0 left'],
	[{ required: 2 }, 'Not enough credits'],
	[{ current: 0 }, 'Not enough credits'],
	[undefined, 'Not enough credits'],
])('of missing credits with %j is %j', (data, message) => {
	expect(messages.requestFailed({ name: 'code1001', data }).message).toBe(message);
});

describe('a refused execution of n8n', () => {
	it.each([
		[
			{ name: 'http403', httpStatus: 403 } as const,
			/may not read executions: |may not read executions$/,
		],
		[{ name: 'http4xx', httpStatus: 404 } as const, /has no access to that execution/],
		[{ name: 'http4xx', httpStatus: 400 } as const, /did not accept the request/],
	])('%j', (outcome, message) => {
		expect(messages.unknownRetry('7', outcome).message).toMatch(message);
	});
});

describe('a refused request to the Data Tables', () => {
	it.each(['html', 'shape', 'redirect', 'seeOther'] as const)('names the address: %s', (name) => {
		expect(messages.tableFailed('jobs', { name }).message).toMatch(
			/The address is not that|the address is not that/,
		);
	});

	it('names the SSRF protection', () => {
		const blocked = { name: 'unreachable', networkCode: 'SsrfBlockedIp' } as const;
		expect(messages.tableFailed('jobs', blocked).message).toMatch(/SSRF protection/);
		for (const networkCode of [undefined, 'EHOSTUNREACH']) {
			expect(messages.tableFailed('jobs', { name: 'unreachable', networkCode }).message).toMatch(
				/n8n could not be reached$/,
			);
		}
	});

	it.each(['http429', 'http5xx'] as const)('does not blame the address: %s', (name) => {
		const { message, description } = messages.tableFailed('jobs', { name });
		expect(message).toMatch(/n8n could not serve the request$/);
		expect(description).not.toMatch(/Base URL/);
	});
});

describe('a finished video that could not be downloaded', () => {
	const { downloadFailed } = messages;
	it.each([
		[{ name: 'tooLarge' } as const, /the file is larger than/],
		[{ name: 'shape' } as const, /the file at its URL is not a video$/],
		[{ name: 'empty' } as const, /the file at its URL is not a video$/],
		[{ name: 'http401', httpStatus: 401 } as const, /refused the request \(HTTP 401\)/],
		[{ name: 'http403', httpStatus: 403 } as const, /refused the request \(HTTP 403\)/],
		[{ name: 'http4xx', httpStatus: 404 } as const, /answered with HTTP 404$/],
		[{ name: 'reset' } as const, /could not be reached, or closed the connection$/],
	])('%j', (outcome, message) => {
		expect(downloadFailed('v-1', 'https://x.test/v', outcome).message).toMatch(message);
	});

	it('says how to get one that is too large, without another download', () => {
		const { message, description } = downloadFailed('v-1', 'https://x.test/v', {
			name: 'tooLarge',
		});
		expect(message).toMatch(
			/the file is larger than this node downloads \(2 GB, or 128 MB where n8n keeps files in memory\)$/,
		);
		expect(description).toBe(
			"Its last status was 'completed'. Open its URL in a browser. For a new URL, use Get Status with this ID and 'Download Video' off.",
		);
	});
});

it('has the last answer if the time is over', () => {
	const { waitTimedOut } = messages;
	expect(waitTimedOut('v-1', 'pending', 5_000).fullText).toBe(
		"Video v-1 was not finished after 5 seconds. Its last status was 'pending'. It is paid for and still being made: get it later using Get Status with this ID, or raise 'Max Wait Time'.",
	);
	expect(waitTimedOut('v-1', undefined, 5_000, { name: 'reset' }).description).toMatch(
		/^Its status is not known\. The last status check did not succeed: the connection broke .*complete\. It is paid/,
	);
});

it.each([
	['Slow down.', ': Slow down'],
	['Slow down. ', ': Slow down'],
	['a.b', ': a.b'],
	['', ''],
	[undefined, ''],
	[{ text: 'x' }, ''],
])('ends a clause with the message %j of the API as %j', (apiMessage, text) => {
	expect(apiMessageText(apiMessage)).toBe(text);
});

it('quotes a value, and cuts a long one', () => {
	expect(quoted('fox')).toBe('"fox"');
	expect(quoted(undefined)).toBe('nothing');
	expect(quoted('x'.repeat(98))).toBe(`"${'x'.repeat(98)}"`);
	expect(quoted('x'.repeat(99))).toBe(`"${'x'.repeat(99)}…`);
});

describe('an error after a video was accepted', () => {
	const video = { uuid: 'v-1', videoUrl: 'https://example.com/v-1.mp4' };

	it.each([
		['an error of the node', new VeoError('Known', 'Go on.')],
		['Stop', new StoppedError()],
	])('stays as it is: %s', (_, known) => {
		expect(keepVideo(known, video)).toBe(known);
	});

	it.each([
		['an Error', new Error('No such field')],
		['a text', 'No such field'],
	])('names the video otherwise: %s', (_, cause) => {
		expect(keepVideo(cause, video)).toMatchObject({
			message: 'Video v-1 was accepted, but could not be returned: No such field',
			details: { ...video, isInput: true },
		});
	});
});

it('names the videos of earlier runs only if there are some', () => {
	expect(messages.tooManyVideos(5, 3, 2).description).toMatch(
		/ Before this run, the execution submitted 2\. To make all/,
	);
	expect(messages.tooManyVideos(5, 3, 0).description).not.toMatch(/Before this run/);
});

it.each([
	[{ name: 'http4xx', httpStatus: 400, apiMessage: 'bad' } as const, /^Check the node.s fields/],
	[{ name: 'http4xx', httpStatus: 404 } as const, /^Check 'Base URL'/],
	[{ name: 'http5xx', httpStatus: 503, apiMessage: 'busy' } as const, /^Try again later\.$/],
])('says how to go on after %j', (outcome, next) => {
	expect(messages.requestFailed(outcome).description).toMatch(next);
});

it('keeps the HTTP status of a failed request', () => {
	const outcome = { name: 'http5xx', httpStatus: 503 } as const;
	expect(messages.imageNotFetched(outcome).details).toMatchObject({
		httpStatus: 503,
		isInput: true,
	});
	expect(messages.waitTimedOut('v-1', 'pending', 1_000, outcome).details).toMatchObject({
		uuid: 'v-1',
		httpStatus: 503,
	});
});

it("says to an agent's tool how to get other videos", () => {
	expect(messages.otherVideosAccepted(['v-2'], 'tool')).toMatch(/Get them using Get Status\.$/);
});

import { VeoError } from '../../../nodes/Veo/errors/VeoError';
import * as messages from '../../../nodes/Veo/errors/messages';
import { OUTCOMES, type Outcome } from '../../../nodes/Veo/errors/outcome';
import { ALL, HTTP_STATUS, outcomes, textOf, UUID } from '../everyMessage';

describe('a message about what the user filled in', () => {
	it.each([
		'blankPrompt',
		'invalidChoice',
		'missingImageUrl',
		'invalidImageUrl',
		'notAnImage',
		'imageTooLarge',
		'noImageFile',
	] as const)('says in %s that nothing was paid', (name) => {
		for (const failure of ALL[name]) {
			expect(textOf(failure)).toContain('nothing was paid');
			expect(failure).toMatchObject({ details: { isInput: true } });
		}
	});

	it('names the field, what it holds and what it may hold', () => {
		expect(messages.blankPrompt().fullText).toContain("'Prompt'");
		expect(messages.invalidChoice('Aspect Ratio', '4:3', ['auto', '16:9']).fullText).toMatch(
			/'Aspect Ratio' is "4:3".*auto, 16:9/,
		);
		expect(messages.invalidImageUrl('cat.png').fullText).toMatch(/'Image URL' "cat\.png"/);
		expect(
			messages.notAnImage('photo', 'a web page', 'JPEG, PNG or WebP', ['cat']).fullText,
		).toMatch(
			/'photo' is a web page, not a JPEG, PNG or WebP image.*'Input Data Field Name'.*files in 'cat'/,
		);
		expect(messages.imageTooLarge('photo', 60_000_000, 52_428_800).fullText).toMatch(
			/'photo' has 57\.2 MB.*at most 50 MB/,
		);
		expect(messages.noImageFile('photo', []).fullText).toContain("'photo'");
		expect(messages.invalidUuid().fullText).toContain("'Video ID'");
		expect(messages.invalidBaseUrl('Veo API').fullText).toMatch(
			/'Base URL' in the Veo API credential/,
		);
		expect(messages.missingTable('jobs').fullText).toMatch(/'jobs'.*'Track Job'.*'Job Table Name'/);
	});

	// Someone who puts a whole data: URL there would get megabytes of message.
	it('keeps a long address short', () => {
		const url = `data:image/png;base64,${'A'.repeat(1_000_000)}`;
		expect(messages.invalidImageUrl(url).fullText.length).toBeLessThan(1_000);
		expect(messages.invalidVideoUrl(UUID, url).fullText.length).toBeLessThan(1_000);
	});
});

describe('a message about a request', () => {
	const about = (outcome: Outcome) => messages.requestFailed(outcome);

	it.each(outcomes)('holds the HTTP status and the code: $name', (outcome) => {
		for (const error of [about(outcome), messages.submissionUnclear(outcome)]) {
			const { httpStatus, code } = error.details;
			expect({ httpStatus, code }).toEqual({ httpStatus: outcome.httpStatus, code: outcome.code });
		}
	});

	it('keeps the words of the API and of the network in its details', () => {
		const { details } = about({
			name: 'code1000',
			httpStatus: 400,
			code: 1000,
			apiMessage: 'Too short',
			networkCode: 'EX',
		});
		expect(details.technical).toBe(
			'HTTP status: 400. API code: 1000. API message: Too short. Network: EX',
		);
		expect(about({ name: 'timeout' }).details.technical).toBeUndefined();
	});

	it('shows the words of the API for code 1000', () => {
		expect(about({ name: 'code1000', apiMessage: 'Too short' }).message).toBe(
			'The API did not accept the input: Too short',
		);
	});

	it('says how many credits are needed, where the API told', () => {
		const data = { required: 2, current: 0 };
		expect(about({ name: 'code1001', data }).fullText).toContain('needs 2 credits, 0 left');
		for (const odd of [undefined, {}, { required: 2 }, { required: '2', current: '0' }]) {
			expect(about({ name: 'code1001', data: odd }).message).toBe('Not enough credits');
		}
	});

	it.each(['code1002', 'http401', 'http403'] as const)('points to the credential: %s', (name) => {
		expect(about({ name }).fullText).toMatch(
			/refused the key.*'API Key' in the Veo API credential/,
		);
	});

	it.each(['code1003', 'http429'] as const)('says when to try again: %s', (name) => {
		expect(about({ name }).fullText).toContain('Try again later');
		expect(about({ name, retryAfterMs: 61_001 }).fullText).toContain('Try again in 62 seconds');
	});

	it.each(['code5000', 'http5xx', 'http408', 'reset', 'timeout'] as const)(
		'says that it may be tried later: %s',
		(name) => {
			expect(about({ name }).description).toMatch(/^Try again later/);
		},
	);

	it.each(['refused', 'dns', 'unreachable', 'connectTimeout'] as const)(
		'points to the address of a server that is not there: %s',
		(name) => {
			expect(about({ name }).fullText).toMatch(/could not be reached.*'Base URL'/);
		},
	);

	it.each([...OUTCOMES])('names the way on after an unclear paid request: %s', (name) => {
		const { details, fullText } = messages.submissionUnclear({ name });
		expect(details.isUnclear).toBe(true);
		expect(fullText).toContain('accepted and billed');
		expect(fullText).toContain('start a new execution');
		expect(about({ name }).details.isUnclear).toBeUndefined();
	});

	it('says that an earlier try was interrupted', () => {
		const { fullText, details } = messages.submissionInterrupted();
		expect(fullText).toMatch(/unclear.*interrupted.*accepted and billed/);
		expect(details.isUnclear).toBe(true);
	});

	// The words of the API may well be a sentence.
	it('ends with one full stop where the words of the API end with one', () => {
		for (const name of ['code1000', 'code1002', 'code5000', 'codeOther', 'http4xx'] as const) {
			expect(about({ name, apiMessage: 'Not today.' }).fullText).not.toContain('..');
		}
		expect(messages.videoFailed(UUID, 'Not today.').fullText).not.toContain('..');
	});
});

describe('a message about a job that was accepted', () => {
	const AFTER_ACCEPTANCE = [
		'videoFailed',
		'waitTimedOut',
		'keyRefusedWhileWaiting',
		'downloadFailed',
		'noVideoUrl',
		'invalidVideoUrl',
	] as const;

	it.each(AFTER_ACCEPTANCE)('holds the ID, the last status and the next step: %s', (name) => {
		for (const failure of ALL[name]) {
			if (!(failure instanceof VeoError)) throw new Error('Only a failure holds details');
			const { fullText, details } = failure;
			expect(details.uuid).toBe(UUID);
			expect(fullText).toContain(UUID);
			expect(fullText).toContain('Get Status');
			expect(fullText).toContain(
				details.lastStatus === undefined ? 'status is not known' : `'${details.lastStatus}'`,
			);
		}
	});

	it('gives the reason of a job that failed', () => {
		expect(messages.videoFailed(UUID, 'Blocked').message).toBe(
			`Video ${UUID} could not be made: Blocked`,
		);
		for (const apiMessage of [undefined, null, 5, {}]) {
			expect(messages.videoFailed(UUID, apiMessage).message).toBe(
				`Video ${UUID} could not be made`,
			);
		}
	});

	it('says how long it was waited for, and that the job goes on', () => {
		const { message, description } = messages.waitTimedOut(UUID, 'processing', 12_400);
		expect(message).toBe(`Video ${UUID} was not finished after 12 seconds`);
		expect(description).toMatch(/'processing'.*paid for and still being made.*'Max Wait Time'/);
	});

	it('holds the ID, the HTTP status and the code where a status could not be had', () => {
		for (const outcome of outcomes) {
			const { fullText, details } = messages.statusFailed(UUID, outcome);
			expect(fullText).toContain(UUID);
			expect(details).toMatchObject({
				uuid: UUID,
				httpStatus: outcome.httpStatus,
				code: outcome.code,
			});
		}
	});

	// No key is sent to the host of the video, so none can have been refused there.
	it('does not speak of the key where the host of the video refused the download', () => {
		for (const name of ['http401', 'http403'] as const) {
			expect(messages.downloadFailed(UUID, { name }).fullText).not.toContain('key');
		}
	});
});

describe('a message about the job table', () => {
	const about = (outcome: Outcome) => messages.tableFailed('veo_jobs', outcome).fullText;

	it.each([...OUTCOMES])('names the table and says that it is not the Veo API: %s', (name) => {
		const message = about({ name, httpStatus: HTTP_STATUS[name] });
		expect(message).toContain("'veo_jobs'");
		expect(message).not.toContain('Veo API credential');
		expect(messages.tableCredentialRefused({ name })).not.toContain('Veo API credential');
	});

	it('tells a refused key, a missing right, an old n8n and a wrong address apart', () => {
		expect(about({ name: 'http401' })).toMatch(/'API Key' in the Veo Job Table API credential/);
		expect(about({ name: 'http403' })).toMatch(/may not use Data Tables/);
		expect(about({ name: 'http4xx', httpStatus: 404 })).toMatch(/2\.8 or newer/);
		expect(about({ name: 'html' })).toMatch(/'Base URL' in the Veo Job Table API credential/);
		expect(about({ name: 'refused' })).toMatch(/could not be reached/);
	});

	it('tells a row how long its job was waited for', () => {
		expect(messages.givenUp(24 * 3_600_000)).toMatch(/after 24 hours/);
		expect(messages.givenUp(5_400_000)).toMatch(/after 1\.5 hours/);
	});

	it('gives the ID of a video that is not in the table', () => {
		expect(messages.notInTable(UUID)).toMatch(new RegExp(`${UUID}.*Get Status`));
	});
});

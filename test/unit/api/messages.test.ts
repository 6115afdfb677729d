import { VeoError } from '../../../nodes/Veo/errors/VeoError';
import * as messages from '../../../nodes/Veo/errors/messages';
import { OUTCOMES, type Outcome } from '../../../nodes/Veo/errors/outcome';
import { ALL, HTTP_STATUS, outcomes, textOf, UUID } from '../everyMessage';

describe('a message about input', () => {
	it.each([
		'blankPrompt',
		'invalidChoice',
		'missingImageUrl',
		'invalidImageUrl',
		'notAnImage',
		'imageTooLarge',
		'noImageFile',
	] as const)('says that nothing was paid: %s', (name) => {
		for (const failure of ALL[name]) {
			expect(textOf(failure)).toContain('nothing was paid');
			expect(failure).toMatchObject({ details: { isInput: true } });
		}
	});

	it('names the field, its value and the allowed values', () => {
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
			/'photo' is 57\.2 MB.*at most 50 MB/,
		);
		expect(messages.noImageFile('photo', []).fullText).toContain("'photo'");
		expect(messages.invalidUuid().fullText).toContain("'Video ID'");
		expect(messages.invalidBaseUrl('Veo API').fullText).toMatch(
			/'Base URL' in the Veo API credential/,
		);
		expect(messages.missingTable('jobs').fullText).toMatch(/'jobs'.*'Track Job'.*'Job Table Name'/);
	});

	// A data: URL can have megabytes.
	it('cuts a long URL', () => {
		const url = `data:image/png;base64,${'A'.repeat(1_000_000)}`;
		expect(messages.invalidImageUrl(url).fullText.length).toBeLessThan(1_000);
		expect(messages.invalidVideoUrl(UUID, url).fullText.length).toBeLessThan(1_000);
	});
});

describe('a message about a request', () => {
	const about = (outcome: Outcome) => messages.requestFailed(outcome);

	it.each(outcomes)('has the HTTP status and the code in its details: $name', (outcome) => {
		for (const error of [about(outcome), messages.submissionUnclear(outcome, 'stops')]) {
			const { httpStatus, code } = error.details;
			expect({ httpStatus, code }).toEqual({ httpStatus: outcome.httpStatus, code: outcome.code });
		}
	});

	it('has the API message and the network code in its details', () => {
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

	it('contains the API message for code 1000', () => {
		expect(about({ name: 'code1000', apiMessage: 'Too short' }).message).toBe(
			'The API did not accept the input: Too short',
		);
	});

	it('says how many credits are needed, if the API says so', () => {
		const data = { required: 2, current: 0 };
		expect(about({ name: 'code1001', data }).fullText).toContain('needs 2 credits, 0 left');
		for (const invalid of [undefined, {}, { required: 2 }, { required: '2', current: '0' }]) {
			expect(about({ name: 'code1001', data: invalid }).message).toBe('Not enough credits');
		}
	});

	it.each(['code1002', 'http401', 'http403'] as const)('names the credential: %s', (name) => {
		expect(about({ name }).fullText).toMatch(
			/refused the key.*'API Key' in the Veo API credential/,
		);
	});

	it.each(['code1003', 'http429'] as const)('says when to try again: %s', (name) => {
		expect(about({ name }).fullText).toContain('Try again later');
		expect(about({ name, retryAfterMs: 61_001 }).fullText).toContain('Try again in 62 seconds');
	});

	it.each(['code5000', 'http5xx', 'http4xxUnclear', 'reset', 'timeout'] as const)(
		'says to try again later: %s',
		(name) => {
			expect(about({ name }).description).toMatch(/^Try again later/);
		},
	);

	it.each(['refused', 'dns', 'unreachable', 'connectTimeout'] as const)(
		'names the Base URL if the server cannot be reached: %s',
		(name) => {
			expect(about({ name }).fullText).toMatch(/could not be reached.*'Base URL'/);
		},
	);

	it.each([...OUTCOMES])('says what to do after an unclear paid request: %s', (name) => {
		const { details, fullText } = messages.submissionUnclear({ name }, 'stops');
		expect(details.isUnclear).toBe(true);
		expect(fullText).toContain('accepted and billed');
		expect(fullText).toContain('Retry with currently saved workflow');
		expect(about({ name }).details.isUnclear).toBeUndefined();
	});

	it('says that an earlier attempt was interrupted', () => {
		const { fullText, details } = messages.submissionInterrupted('stops');
		expect(fullText).toMatch(/unclear.*interrupted.*accepted and billed/);
		expect(details.isUnclear).toBe(true);
	});

	it('has one full stop after an API message that ends with one', () => {
		for (const name of ['code1000', 'code1002', 'code5000', 'codeOther', 'http4xx'] as const) {
			expect(about({ name, apiMessage: 'Not today.' }).fullText).not.toContain('..');
		}
		expect(messages.videoFailed(UUID, 'Not today.', 'stops').fullText).not.toContain('..');
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

	it.each(AFTER_ACCEPTANCE)('contains the ID, the last status and the next step: %s', (name) => {
		for (const failure of ALL[name]) {
			if (!(failure instanceof VeoError)) throw new Error('Expected a VeoError');
			const { fullText, details } = failure;
			expect(details.uuid).toBe(UUID);
			expect(fullText).toContain(UUID);
			expect(fullText).toMatch(/Get Status|To make it again/);
			expect(fullText).toContain(
				details.lastStatus === undefined ? 'status is not known' : `'${details.lastStatus}'`,
			);
		}
	});

	it('contains the reason of a failed job', () => {
		expect(messages.videoFailed(UUID, 'Blocked', 'stops').message).toBe(
			`Video ${UUID} could not be made: Blocked`,
		);
		for (const apiMessage of [undefined, null, 5, {}]) {
			expect(messages.videoFailed(UUID, apiMessage, 'stops').message).toBe(
				`Video ${UUID} could not be made`,
			);
		}
	});

	it('says how long the node waited and that the job goes on', () => {
		const { message, description } = messages.waitTimedOut(UUID, 'processing', 12_400);
		expect(message).toBe(`Video ${UUID} was not finished after 12 seconds`);
		expect(description).toMatch(/'processing'.*paid for and still being made.*'Max Wait Time'/);
	});

	it('contains the ID, the HTTP status and the code of a failed status check', () => {
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

	// The node sends no key to the video host.
	it('does not mention the key if the video host refuses the download', () => {
		for (const name of ['http401', 'http403'] as const) {
			expect(messages.downloadFailed(UUID, 'https://x/a.mp4', { name }).fullText).not.toContain(
				'key',
			);
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

	it('distinguishes a refused key, a missing scope, an old n8n and a wrong Base URL', () => {
		expect(about({ name: 'http401' })).toMatch(/'API Key' in the Veo Job Table API credential/);
		expect(about({ name: 'http403' })).toMatch(/may not use Data Tables/);
		expect(about({ name: 'http4xx', httpStatus: 404 })).toMatch(/2\.8 or newer/);
		expect(about({ name: 'html' })).toMatch(/'Base URL' in the Veo Job Table API credential/);
		expect(about({ name: 'refused' })).toMatch(/could not be reached/);
	});

	it('says after how many hours the trigger gave up', () => {
		expect(messages.givenUp(24 * 3_600_000)).toMatch(/after 24 hours/);
		expect(messages.givenUp(5_400_000)).toMatch(/after 1\.5 hours/);
	});

	it('contains the ID of a video that is not in the table', () => {
		expect(messages.notInTable(UUID)).toMatch(new RegExp(`${UUID}.*Get Status`));
	});
});

import { VeoFailure } from '../../../nodes/Veo/errors/VeoError';
import * as messages from '../../../nodes/Veo/errors/messages';
import { OUTCOMES, type Outcome } from '../../../nodes/Veo/errors/outcome';
import { POLICY, type RequestKind } from '../../../nodes/Veo/api/policy';
import { ALL, HTTP_STATUS, KINDS, outcomes, textOf, UUID } from '../everyMessage';

describe('a message about what the user filled in', () => {
	it.each([
		'blankPrompt',
		'notAChoice',
		'missingImageUrl',
		'badImageUrl',
		'notAnImage',
		'imageTooLarge',
		'noImageFile',
	] as const)('says in %s that nothing was paid', (name) => {
		for (const failure of ALL[name]) {
			expect(textOf(failure)).toContain('nothing was paid');
			expect(failure).toMatchObject({ facts: { input: true } });
		}
	});

	it('names the field, what it holds and what it may hold', () => {
		expect(messages.blankPrompt().message).toContain("'Prompt'");
		expect(messages.notAChoice('Aspect Ratio', '4:3', ['auto', '16:9']).message).toMatch(
			/'Aspect Ratio' is "4:3".*auto, 16:9/,
		);
		expect(messages.badImageUrl('cat.png').message).toMatch(/'Image URL' "cat\.png"/);
		expect(messages.notAnImage('photo', 'JPEG, PNG or WebP').message).toMatch(
			/'photo' is not a JPEG, PNG or WebP image.*'Input Data Field Name'/,
		);
		expect(messages.imageTooLarge('photo', 60_000_000, 52_428_800).message).toMatch(
			/'photo' has 57\.2 MB.*at most 50 MB/,
		);
		expect(messages.noImageFile('photo').message).toContain("'photo'");
		expect(messages.badUuid().message).toContain("'Video ID'");
		expect(messages.badBaseUrl('Veo API').message).toMatch(/'Base URL' in the Veo API credential/);
		expect(messages.missingTable('jobs').message).toMatch(/'jobs'.*'Track Job'.*'Job Table Name'/);
	});

	// Someone who puts a whole data: URL there would get megabytes of message.
	it('keeps a long address short', () => {
		const url = `data:image/png;base64,${'A'.repeat(1_000_000)}`;
		expect(messages.badImageUrl(url).message.length).toBeLessThan(1_000);
		expect(messages.badVideoUrl(UUID, url).message.length).toBeLessThan(1_000);
	});
});

describe('a message about a request', () => {
	const about = (outcome: Outcome, kind: RequestKind = 'upload') =>
		messages.requestFailed(kind, outcome);

	it.each(outcomes)('holds the HTTP status and the code: $name', (outcome) => {
		for (const kind of KINDS) {
			const { httpStatus, code } = about(outcome, kind).facts;
			expect({ httpStatus, code }).toEqual({ httpStatus: outcome.httpStatus, code: outcome.code });
		}
	});

	it('keeps the words of the API and of the network in its details', () => {
		const { facts } = about({
			name: 'code1000',
			httpStatus: 400,
			code: 1000,
			words: 'Too short',
			networkCode: 'EX',
		});
		expect(facts.details).toBe(
			'HTTP status: 400. API code: 1000. API message: Too short. Network: EX',
		);
		expect(about({ name: 'timeout' }).facts.details).toBeUndefined();
	});

	it('shows the words of the API for code 1000', () => {
		expect(about({ name: 'code1000', words: 'Too short' }).what).toBe(
			'The API did not take the input: Too short',
		);
	});

	it('says how many credits are needed, where the API told', () => {
		const data = { required: 2, current: 0 };
		expect(about({ name: 'code1001', data }, 'generate').message).toContain(
			'needs 2 credits, 0 left',
		);
		for (const odd of [undefined, {}, { required: 2 }, { required: '2', current: '0' }]) {
			expect(about({ name: 'code1001', data: odd }, 'generate').what).toBe('Not enough credits');
		}
	});

	it.each(['code1002', 'http401', 'http403'] as const)('points to the credential: %s', (name) => {
		expect(about({ name }, 'generate').message).toMatch(
			/refused the key.*'API Key' in the Veo API credential/,
		);
	});

	it.each(['code1003', 'http429'] as const)('says when to try again: %s', (name) => {
		expect(about({ name }).message).toContain('Try again later');
		expect(about({ name, retryAfterMs: 61_001 }).message).toContain('Try again in 62 seconds');
	});

	it.each(['code5000', 'http5xx', 'http408', 'reset', 'timeout'] as const)(
		'says that it may be tried later: %s',
		(name) => {
			expect(about({ name }).next).toMatch(/^Try again later/);
		},
	);

	it.each(['refused', 'dns', 'unreachable', 'connectTimeout'] as const)(
		'points to the address of a server that is not there: %s',
		(name) => {
			expect(about({ name }, 'generate').message).toMatch(/could not be reached.*'Base URL'/);
		},
	);

	it.each([...OUTCOMES])(
		'says so where it is unclear what became of a paid request: %s',
		(name) => {
			const { facts, message } = about({ name }, 'generate');
			const isUnclear = POLICY[name].generate === 'unclear';
			expect(facts.unclear ?? false).toBe(isUnclear);
			expect(message.includes('accepted and billed')).toBe(isUnclear);
			expect(message.includes('start a new execution')).toBe(isUnclear);
			for (const kind of KINDS.slice(1)) {
				expect(about({ name }, kind).facts.unclear).toBeUndefined();
			}
		},
	);

	it('repeats an unclear answer of an earlier try word by word', () => {
		const { what, next, message } = about({ name: 'reset' }, 'generate');
		const again = messages.stillUnclear(what, next);
		expect(again.message).toBe(message);
		expect(again.facts.unclear).toBe(true);
	});

	it('says that an earlier try was interrupted', () => {
		const { message, facts } = messages.interruptedSubmission();
		expect(message).toMatch(/unclear.*interrupted.*accepted and billed/);
		expect(facts.unclear).toBe(true);
	});

	// The words of the API may well be a sentence.
	it('ends with one full stop where the words of the API end with one', () => {
		for (const name of ['code1000', 'code1002', 'code5000', 'codeOther', 'http4xx'] as const) {
			expect(about({ name, words: 'Not today.' }).message).not.toContain('..');
		}
		expect(messages.jobFailed(UUID, 'Not today.').message).not.toContain('..');
	});
});

describe('a message about a job that was accepted', () => {
	const AFTER_ACCEPTANCE = [
		'jobFailed',
		'waitTimedOut',
		'refusedWhileWaiting',
		'downloadFailed',
		'noVideoUrl',
		'badVideoUrl',
	] as const;

	it.each(AFTER_ACCEPTANCE)('holds the ID, the last status and the next step: %s', (name) => {
		for (const failure of ALL[name]) {
			if (!(failure instanceof VeoFailure)) throw new Error('Only a failure holds facts');
			const { message, facts } = failure;
			expect(facts.uuid).toBe(UUID);
			expect(message).toContain(UUID);
			expect(message).toContain('Get Status');
			expect(message).toContain(
				facts.lastStatus === undefined ? 'status is not known' : `'${facts.lastStatus}'`,
			);
		}
	});

	it('gives the reason of a job that failed', () => {
		expect(messages.jobFailed(UUID, 'Blocked').what).toBe(
			`Video ${UUID} could not be made: Blocked`,
		);
		for (const words of [undefined, null, 5, {}]) {
			expect(messages.jobFailed(UUID, words).what).toBe(`Video ${UUID} could not be made`);
		}
	});

	it('says how long it was waited for, and that the job goes on', () => {
		const { what, next } = messages.waitTimedOut(UUID, 'processing', 12_400);
		expect(what).toBe(`Video ${UUID} was not finished after 12 seconds`);
		expect(next).toMatch(/'processing'.*paid for and goes on.*'Max Wait Time'/);
	});

	it('holds the ID, the HTTP status and the code where a status could not be had', () => {
		for (const outcome of outcomes) {
			const { message, facts } = messages.statusFailed(UUID, outcome);
			expect(message).toContain(UUID);
			expect(facts).toMatchObject({
				uuid: UUID,
				httpStatus: outcome.httpStatus,
				code: outcome.code,
			});
		}
	});

	// No key is sent to the host of the video, so none can have been refused there.
	it('does not speak of the key where the host of the video refused the download', () => {
		for (const name of ['http401', 'http403'] as const) {
			expect(messages.downloadFailed(UUID, { name }).message).not.toContain('key');
		}
	});
});

describe('a message about the job table', () => {
	const about = (outcome: Outcome) => messages.tableFailed('veo_jobs', outcome).message;

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

describe("the credential's test", () => {
	it.each(['code1002', 'http401', 'http403'] as const)(
		'says that the key is refused: %s',
		(name) => {
			expect(messages.credentialRefused({ name })).toContain('The API refused the key');
		},
	);

	it.each(['refused', 'dns', 'unreachable', 'connectTimeout'] as const)(
		'says that the server is not there: %s',
		(name) => {
			expect(messages.credentialRefused({ name })).toContain('could not be reached');
		},
	);

	it('takes a key for good once the API looked for the video', () => {
		expect(messages.credentialRefused({ name: 'code1000', code: 1000 })).toBeUndefined();
		expect(
			messages.credentialRefused({ name: 'http4xx', httpStatus: 404, words: 'No such video' }),
		).toBeUndefined();
	});

	it('does not take a bare 404 for a good key: there may be no API at that address', () => {
		expect(messages.credentialRefused({ name: 'http4xx', httpStatus: 404 })).toContain('HTTP 404');
	});
});

import { byStatus, readAnswer, toDelayMs, apiMessageOf } from '../../../nodes/Veo/api/envelope';
import { json } from '../fakes';

const NOW = Date.UTC(2025, 9, 16, 10, 0, 0);

const read = (httpStatus: number, body: string, retryAfter?: string) =>
	readAnswer({ httpStatus, body, retryAfter });

const nameOf = (httpStatus: number, body: string) => {
	const reading = read(httpStatus, body);
	return reading.ok ? 'ok' : reading.outcome.name;
};

describe('an answer with an envelope', () => {
	it('returns the data and the message of code 0', () => {
		expect(readAnswer(json(200, { code: 0, msg: 'Success', data: { uuid: 'v-1' } }))).toEqual({
			ok: true,
			data: { uuid: 'v-1' },
			apiMessage: 'Success',
		});
	});

	it.each([
		[1000, 'code1000'],
		[1001, 'code1001'],
		[1002, 'code1002'],
		[1003, 'code1003'],
		[5000, 'code5000'],
	])('reads code %p as %s with any HTTP status', (code, name) => {
		for (const httpStatus of [200, 201, 302, 400, 401, 403, 408, 429, 500, 503]) {
			expect(nameOf(httpStatus, JSON.stringify({ code, msg: 'x' }))).toBe(name);
		}
	});

	it.each([1, -1, 200, 1004, 0.5])('reads the unknown code %p by its HTTP status', (code) => {
		const body = JSON.stringify({ code, msg: 'x' });
		for (const httpStatus of [200, 201]) expect(nameOf(httpStatus, body)).toBe('codeOther');
		for (const httpStatus of [302, 400, 401, 402, 403, 408, 409, 425, 429, 499, 500, 503]) {
			expect(nameOf(httpStatus, body)).toBe(byStatus(httpStatus));
		}
	});

	it('reads code 0 as success with any HTTP status', () => {
		for (const httpStatus of [200, 201, 302, 400, 401, 429, 500]) {
			expect(nameOf(httpStatus, '{"code":0}')).toBe('ok');
		}
	});

	it.each([
		['0', 'ok'],
		['1000', 'code1000'],
		['1001', 'code1001'],
		['1002', 'code1002'],
		['1003', 'code1003'],
		['5000', 'code5000'],
		['77', 'codeOther'],
	])('reads the code %p sent as a string', (code, name) => {
		expect(nameOf(200, JSON.stringify({ code }))).toBe(name);
	});

	it.each([[null], [true], [[0]], [{}], ['zero'], [''], ['1e3'], ['-1']])(
		'ignores the code %j and uses the HTTP status',
		(code) => {
			expect(nameOf(200, JSON.stringify({ code }))).toBe('shape');
			expect(nameOf(401, JSON.stringify({ code }))).toBe('http401');
			expect(nameOf(500, JSON.stringify({ code }))).toBe('http5xx');
		},
	);

	it('keeps all details of a refusal', () => {
		const data = { required: 2, current: 0 };
		const body = JSON.stringify({ code: 1001, msg: ' Insufficient credits ', data });
		expect(read(402, body, '3')).toEqual({
			ok: false,
			outcome: {
				name: 'code1001',
				httpStatus: 402,
				code: 1001,
				apiMessage: 'Insufficient credits',
				data,
				retryAfterMs: 3000,
			},
		});
	});

	it('ignores data that is not an object', () => {
		for (const data of [null, 'x', 5, ['x']]) {
			const reading = readAnswer(json(200, { code: 1000, data }));
			expect(reading).toMatchObject({ ok: false, outcome: { data: undefined } });
		}
	});
});

describe('an answer without an envelope', () => {
	it.each([
		[300, 'redirect'],
		[301, 'redirect'],
		[302, 'seeOther'],
		[303, 'seeOther'],
		[304, 'redirect'],
		[307, 'redirect'],
		[308, 'redirect'],
		[399, 'redirect'],
		[400, 'http4xx'],
		[401, 'http401'],
		[402, 'http4xx'],
		[403, 'http403'],
		[404, 'http4xx'],
		[408, 'http4xxUnclear'],
		[409, 'http4xxUnclear'],
		[425, 'http4xxUnclear'],
		[422, 'http4xx'],
		[429, 'http429'],
		[499, 'http4xxUnclear'],
		[500, 'http5xx'],
		[502, 'http5xx'],
		[503, 'http5xx'],
		[504, 'http5xx'],
		[599, 'http5xx'],
	])('is read by its status: HTTP %i is %s with any body', (httpStatus, name) => {
		expect(byStatus(httpStatus)).toBe(name);
		for (const body of ['', '<html></html>', '{}', '{"message":"x"}', '[1]', '{"a":', 'no']) {
			expect(nameOf(httpStatus, body)).toBe(name);
		}
	});

	it.each([
		['<!DOCTYPE html><html></html>', 'html'],
		[' \n<html>', 'html'],
		['<?xml version="1.0"?><a/>', 'html'],
		['', 'empty'],
		[' \r\n\t', 'empty'],
		['{"code":0,"data":{"uuid":"v', 'notJson'],
		['Bad gateway', 'notJson'],
		['1 < 2', 'notJson'],
		['{}', 'shape'],
		['{"uuid":"v-1","status":"pending"}', 'shape'],
		['{"error":"x"}', 'shape'],
		['[]', 'shape'],
		['[{"code":0}]', 'shape'],
		['null', 'shape'],
		['0', 'shape'],
		['"<html>"', 'shape'],
	])('with an HTTP success status and the body %j is %s', (body, name) => {
		for (const httpStatus of [200, 201, 204]) expect(nameOf(httpStatus, body)).toBe(name);
	});

	it('keeps the HTTP status and the message', () => {
		expect(read(503, '{"message":"Down for the night"}', '120')).toEqual({
			ok: false,
			outcome: {
				name: 'http5xx',
				httpStatus: 503,
				apiMessage: 'Down for the night',
				retryAfterMs: 120_000,
			},
		});
	});
});

describe('Retry-After', () => {
	it.each([
		['7', 7000],
		['0', 0],
		[' 2 ', 2000],
		['1.5', 1500],
		['-3', 0],
		['Thu, 16 Oct 2025 10:00:20 GMT', 20_000],
		['Thu, 16 Oct 2025 09:59:59 GMT', 0],
		['', undefined],
		['  ', undefined],
		['soon', undefined],
		['Infinity', undefined],
		[undefined, undefined],
	])('%p means %p ms from now', (header, delayMs) => {
		jest.useFakeTimers({ now: NOW });
		expect(toDelayMs(header)).toBe(delayMs);
	});
});

describe('apiMessageOf', () => {
	it.each([
		...['errorMessage', 'failReason', 'error', 'message', 'msg'],
		...['detail', 'errors', 'reason', 'title'],
	])('reads %s', (field) => {
		expect(apiMessageOf({ uuid: 'v-1', [field]: '  Out of order ' })).toBe('Out of order');
	});

	it('prefers errorMessage to msg', () => {
		expect(apiMessageOf({ msg: 'Success', errorMessage: 'Blocked by the filter' })).toBe(
			'Blocked by the filter',
		);
	});

	it('returns undefined if no field holds text', () => {
		expect(
			apiMessageOf({ msg: '  ', error: { code: 'x' }, message: 5, detail: [], uuid: 'v-1' }),
		).toBeUndefined();
	});

	it.each([
		[{ error: { message: 'x' } }],
		[{ detail: [{ loc: ['body'], msg: 'x' }] }],
		[{ errors: [{}, { message: 'x' }] }],
		[{ errors: ['x', 'y'] }],
		[{ error: { errors: [{ message: 'x' }] } }],
	])('finds a nested message: %j', (answer) => {
		expect(apiMessageOf(answer)).toBe('x');
	});

	it('is no text that stands alone', () => {
		expect(apiMessageOf('x')).toBeUndefined();
	});

	it('reads four levels, and only the first three of a list', () => {
		expect(apiMessageOf([[[['x']]]])).toBe('x');
		expect(apiMessageOf({ errors: [{}, {}, 'x'] })).toBe('x');
		expect(apiMessageOf({ errors: [{}, {}, {}, 'x'] })).toBeUndefined();
	});

	it('ignores what is nested too deeply', () => {
		let deep: unknown = 'x';
		for (let level = 0; level < 10_000; level++) deep = { error: deep };
		expect(apiMessageOf(deep)).toBeUndefined();
	});

	it('cuts the message after 500 characters', () => {
		expect(apiMessageOf({ msg: 'x'.repeat(501) })).toBe('x'.repeat(500));
	});
});

import { toNoAnswer } from '../../../nodes/Veo/http/networkFailures';

/** A fault as Node's sockets throw it. */
const node = (code: string, syscall?: string) =>
	Object.assign(new Error(`${syscall} ${code}`), { code, syscall });

/** As axios wraps it: a code of its own or the same one, and the fault as the cause. */
const axios = (code: string | undefined, cause?: unknown) =>
	Object.assign(new Error('Request failed', { cause }), { code, isAxiosError: true, config: {} });

/** As undici's `fetch` wraps it. */
const undici = (cause: unknown) => new TypeError('fetch failed', { cause });

/** As Node throws it when a host has several addresses. */
const aggregate = (code: string | undefined, ...errors: unknown[]) =>
	Object.assign(new AggregateError(errors), { code });

describe('what a network fault means', () => {
	const BY_CODE = [
		['ECONNREFUSED', 'connect', 'refused'],
		['ENOTFOUND', 'getaddrinfo', 'dns'],
		['EAI_AGAIN', 'getaddrinfo', 'dns'],
		['EHOSTUNREACH', 'connect', 'unreachable'],
		['ENETUNREACH', 'connect', 'unreachable'],
		['EADDRNOTAVAIL', 'connect', 'unreachable'],
		// What macOS says of a broadcast address, and Windows of a firewall.
		['EAFNOSUPPORT', 'connect', 'unreachable'],
		['EACCES', 'connect', 'unreachable'],
		['ETIMEDOUT', 'connect', 'connectTimeout'],
		['ETIMEDOUT', 'read', 'timeout'],
		['ETIMEDOUT', undefined, 'timeout'],
		['ECONNABORTED', undefined, 'timeout'],
		['UND_ERR_CONNECT_TIMEOUT', undefined, 'connectTimeout'],
		['UND_ERR_HEADERS_TIMEOUT', undefined, 'timeout'],
		['UND_ERR_BODY_TIMEOUT', undefined, 'timeout'],
		['CERT_HAS_EXPIRED', undefined, 'tls'],
		['DEPTH_ZERO_SELF_SIGNED_CERT', undefined, 'tls'],
		['SELF_SIGNED_CERT_IN_CHAIN', undefined, 'tls'],
		['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', undefined, 'tls'],
		['UNABLE_TO_VERIFY_LEAF_SIGNATURE', undefined, 'tls'],
		['ERR_TLS_CERT_ALTNAME_INVALID', undefined, 'tls'],
		// These may strike after the request was sent, so they promise nothing.
		['ECONNRESET', 'read', 'reset'],
		['EPIPE', 'write', 'reset'],
		// So Windows may say that a connection broke.
		['ECONNABORTED', 'write', 'reset'],
		['EPROTO', 'write', 'reset'],
		['UND_ERR_SOCKET', undefined, 'reset'],
		['ERR_SSL_WRONG_VERSION_NUMBER', undefined, 'reset'],
		['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', undefined, 'reset'],
		['HPE_INVALID_CONSTANT', undefined, 'reset'],
		['E_SOMETHING_NEW', undefined, 'reset'],
	] as const;

	it.each(BY_CODE)('%s (%s) from Node is %s', (code, syscall, noAnswer) => {
		expect(toNoAnswer(node(code, syscall))).toEqual({ noAnswer, networkCode: code });
	});

	it.each(BY_CODE)('%s (%s) within axios is %s', (code, syscall, noAnswer) => {
		expect(toNoAnswer(axios(code, node(code, syscall)))).toEqual({ noAnswer, networkCode: code });
		expect(toNoAnswer(axios(undefined, node(code, syscall)))).toEqual({
			noAnswer,
			networkCode: code,
		});
	});

	it.each(BY_CODE)('%s (%s) within undici is %s', (code, syscall, noAnswer) => {
		expect(toNoAnswer(undici(node(code, syscall)))).toEqual({ noAnswer, networkCode: code });
	});

	it('is found below wrappers with codes that say nothing', () => {
		const wrapped = axios(
			'ERR_NETWORK',
			axios('ERR_BAD_RESPONSE', node('ECONNREFUSED', 'connect')),
		);
		expect(toNoAnswer(wrapped)).toEqual({ noAnswer: 'refused', networkCode: 'ECONNREFUSED' });
	});

	it('is found where a host has several addresses', () => {
		const refused = [node('ECONNREFUSED', 'connect'), node('ECONNREFUSED', 'connect')];
		expect(toNoAnswer(aggregate('ECONNREFUSED', ...refused)).noAnswer).toBe('refused');
		expect(toNoAnswer(axios(undefined, aggregate(undefined, ...refused))).noAnswer).toBe('refused');

		const late = [node('ETIMEDOUT', 'connect'), node('ENETUNREACH', 'connect')];
		expect(toNoAnswer(aggregate('ETIMEDOUT', ...late)).noAnswer).toBe('connectTimeout');
	});

	// Linux gives an open connection up with these, too, where a router said so in between: the request was sent by then.
	it.each(['EHOSTUNREACH', 'ENETUNREACH', 'ECONNREFUSED'])(
		'is the one that promises least where %s strikes an open connection',
		(code) => {
			for (const syscall of ['read', 'write']) {
				expect(toNoAnswer(node(code, syscall)).noAnswer).toBe('reset');
				expect(toNoAnswer(axios(code, node(code, syscall))).noAnswer).toBe('reset');
			}
		},
	);

	it('is that nothing was sent where n8n forbids the address', () => {
		for (const name of ['SsrfBlockedIpError', 'SsrfBlockedHostnameError']) {
			const blocked = Object.assign(new Error('The request was blocked'), { name });
			const known = { noAnswer: 'unreachable', networkCode: name };
			expect(toNoAnswer(blocked)).toEqual(known);
			expect(toNoAnswer(new Error('Wrapped by n8n', { cause: axios(undefined, blocked) }))).toEqual(
				known,
			);
		}
	});

	it('is the one that promises least where nothing is known', () => {
		for (const thrown of [
			new Error('socket hang up'),
			'x',
			null,
			undefined,
			5,
			{},
			{ code: 7 },
			[],
		]) {
			expect(toNoAnswer(thrown)).toEqual({ noAnswer: 'reset', networkCode: undefined });
		}
	});

	it('is found out even where a fault is its own cause', () => {
		const fault: Error & { errors?: unknown[] } = new Error('round and round');
		fault.cause = fault;
		fault.errors = [fault];
		expect(toNoAnswer(fault).noAnswer).toBe('reset');
	});
});

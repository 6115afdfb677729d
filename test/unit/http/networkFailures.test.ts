import { toNoAnswer } from '../../../nodes/Veo/http/networkFailures';

/** An error of a Node.js socket. */
const node = (code: string, syscall?: string) =>
	Object.assign(new Error(`${syscall} ${code}`), { code, syscall });

/** The same error wrapped by axios: axios's own code or the same one, and the error as the cause. */
const axios = (code: string | undefined, cause?: unknown) =>
	Object.assign(new Error('Request failed', { cause }), { code, isAxiosError: true, config: {} });

/** The same error wrapped by undici's `fetch`. */
const undici = (cause: unknown) => new TypeError('fetch failed', { cause });

/** The error of Node.js when a host has several addresses. */
const aggregate = (code: string | undefined, ...errors: unknown[]) =>
	Object.assign(new AggregateError(errors), { code });

describe('toNoAnswer', () => {
	const BY_CODE = [
		['ECONNREFUSED', 'connect', 'refused'],
		['ENOTFOUND', 'getaddrinfo', 'dns'],
		['EAI_AGAIN', 'getaddrinfo', 'dns'],
		['EHOSTUNREACH', 'connect', 'unreachable'],
		['ENETUNREACH', 'connect', 'unreachable'],
		['EADDRNOTAVAIL', 'connect', 'unreachable'],
		// macOS for a broadcast address, Windows for a firewall.
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
		// These can occur after the request was sent.
		['ECONNRESET', 'read', 'reset'],
		['EPIPE', 'write', 'reset'],
		// Windows for a broken connection.
		['ECONNABORTED', 'write', 'reset'],
		['EPROTO', 'write', 'reset'],
		['UND_ERR_SOCKET', undefined, 'reset'],
		['ERR_SSL_WRONG_VERSION_NUMBER', undefined, 'reset'],
		['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', undefined, 'reset'],
		['HPE_INVALID_CONSTANT', undefined, 'reset'],
		['E_SOMETHING_NEW', undefined, 'reset'],
	] as const;

	it.each(BY_CODE)('reads %s (%s) from Node.js as %s', (code, syscall, noAnswer) => {
		expect(toNoAnswer(node(code, syscall))).toEqual({ noAnswer, networkCode: code });
	});

	it.each(BY_CODE)('reads %s (%s) wrapped by axios as %s', (code, syscall, noAnswer) => {
		expect(toNoAnswer(axios(code, node(code, syscall)))).toEqual({ noAnswer, networkCode: code });
		expect(toNoAnswer(axios(undefined, node(code, syscall)))).toEqual({
			noAnswer,
			networkCode: code,
		});
	});

	it.each(BY_CODE)('reads %s (%s) wrapped by undici as %s', (code, syscall, noAnswer) => {
		expect(toNoAnswer(undici(node(code, syscall)))).toEqual({ noAnswer, networkCode: code });
	});

	it('finds the cause below wrappers with unspecific codes', () => {
		const wrapped = axios(
			'ERR_NETWORK',
			axios('ERR_BAD_RESPONSE', node('ECONNREFUSED', 'connect')),
		);
		expect(toNoAnswer(wrapped)).toEqual({ noAnswer: 'refused', networkCode: 'ECONNREFUSED' });
	});

	it('reads the errors of a host with several addresses', () => {
		const refused = [node('ECONNREFUSED', 'connect'), node('ECONNREFUSED', 'connect')];
		expect(toNoAnswer(aggregate('ECONNREFUSED', ...refused)).noAnswer).toBe('refused');
		expect(toNoAnswer(axios(undefined, aggregate(undefined, ...refused))).noAnswer).toBe('refused');

		const late = [node('ETIMEDOUT', 'connect'), node('ENETUNREACH', 'connect')];
		expect(toNoAnswer(aggregate('ETIMEDOUT', ...late)).noAnswer).toBe('connectTimeout');
	});

	// Linux also ends open connections with these after an ICMP message. The request has been sent by then.
	it.each(['EHOSTUNREACH', 'ENETUNREACH', 'ECONNREFUSED'])(
		'reads %s on an open connection as reset',
		(code) => {
			for (const syscall of ['read', 'write']) {
				expect(toNoAnswer(node(code, syscall)).noAnswer).toBe('reset');
				expect(toNoAnswer(axios(code, node(code, syscall))).noAnswer).toBe('reset');
			}
		},
	);

	it('reads a request that n8n blocked as unreachable', () => {
		for (const name of ['SsrfBlockedIpError', 'SsrfBlockedHostnameError']) {
			const blocked = Object.assign(new Error('The request was blocked'), { name });
			const known = { noAnswer: 'unreachable', networkCode: name };
			expect(toNoAnswer(blocked)).toEqual(known);
			expect(toNoAnswer(new Error('Wrapped by n8n', { cause: axios(undefined, blocked) }))).toEqual(
				known,
			);
		}
	});

	it('reads unknown errors as reset', () => {
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

	it('handles an error that is its own cause', () => {
		const circular: Error & { errors?: unknown[] } = new Error('circular');
		circular.cause = circular;
		circular.errors = [circular];
		expect(toNoAnswer(circular).noAnswer).toBe('reset');
	});
});

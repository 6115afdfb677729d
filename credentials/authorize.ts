import type { IHttpRequestOptions, INodeProperties } from 'n8n-workflow';

/** A request as n8n's helpers take it. The HTTP Request node uses the older one, whose options have other names. */
type AnyRequest = IHttpRequestOptions & { uri?: string | URL };

interface KeyRules {
	/** How messages name the credential. */
	displayName: string;
	/** The fields of the credential, as the user entered them. */
	apiKey: unknown;
	baseUrl: unknown;
	/** What the package makes of the Base URL. */
	toApiUrl?: (baseUrl: string) => string;
	/** The paths below the Base URL that the key is for. An empty one stands for all. */
	paths: string[];
	toHeaders: (key: string) => Record<string, string>;
}

/**
 * Returns the request with the key, and without redirects. Any node may use a credential with an address of its own, so
 * this throws if the key would leave the Base URL.
 */
export function authorize(request: AnyRequest, rules: KeyRules): IHttpRequestOptions {
	const { displayName, apiKey, paths, toHeaders } = rules;
	const { url, uri, baseURL, headers } = request;
	const base = toBase(rules);
	// The older helper takes `uri` where there is no `url`.
	const targets = baseURL === undefined ? [url ?? uri] : [url, url ?? uri];
	if (!base || !targets.every((target) => isBelow(base, paths, join(baseURL, target)))) {
		throw new Error(keyElsewhere(displayName, paths));
	}
	// A server with several sites chooses one by the Host header, whatever the address is.
	const hasHost = Object.keys(headers ?? {}).some((name) => name.toLowerCase() === 'host');
	if (request.proxy || hasHost) throw new Error(keyRerouted(displayName));

	const noRedirects = {
		disableFollowRedirect: true,
		// The same for the older helper.
		followRedirect: false,
		followAllRedirects: false,
	};
	const authorized = { ...headers, ...toHeaders(toText(apiKey)) };
	return { ...request, headers: authorized, ...noRedirects };
}

/** Adds the path of n8n's public API where it is missing. A path before it, and a path of the user's own, stay. */
export function toN8nApiUrl(address: string): string {
	const url = new URL(address);
	const path = url.pathname.replace(/\/{2,}/g, '/').replace(/\/$/, '');
	const [api] = /^.*?\/api\/v\d+(?=\/|$)/.exec(path) ?? [];
	if (api !== undefined) url.pathname = api;
	else if (/\/v\d+$/.test(path)) url.pathname = path;
	else url.pathname = `${path.replace(/\/api$/, '')}/api/v1`;
	url.search = '';
	url.hash = '';
	return url.href;
}

/** A copied key or address often has a space or a line break at its end. */
const toText = (field: unknown) =>
	typeof field === 'string' || typeof field === 'number' ? String(field).trim() : '';

function toBase({ baseUrl, toApiUrl = (text) => text }: KeyRules): URL | undefined {
	const text = toText(baseUrl);
	return /^https?:/i.test(text) && URL.canParse(text) ? new URL(toApiUrl(text)) : undefined;
}

/** The address that axios, the library of both helpers, makes of its two parts. */
function join(baseURL: string | undefined, target: string | URL = ''): string {
	const text = String(target);
	if (baseURL === undefined || /^([a-z][a-z\d+.-]*:)?\/\//i.test(text)) return text;
	return `${baseURL.replace(/\/$/, '')}/${text.replace(/^\/+/, '')}`;
}

function isBelow(base: URL, paths: string[], address: string): boolean {
	if (!URL.canParse(address)) return false;
	const { origin, pathname } = new URL(address);
	return paths.some((path) => {
		const root = withoutSlashes(base.pathname) + path;
		const rest = pathname.slice(root.length);
		const isInside = pathname.startsWith(root) && (rest === '' || rest.startsWith('/'));
		return origin === base.origin && isInside && !hasEncodedDots(rest);
	});
}

/** Without slashes at its end. */
export function withoutSlashes(address: string): string {
	let end = address.length;
	while (address[end - 1] === '/') end--;
	return address.slice(0, end);
}

/** `URL` has resolved all "..", but a proxy may decode %2F before it resolves those between encoded slashes. */
const hasEncodedDots = (path: string): boolean =>
	path.split(/\/|%2f|%5c/i).some((segment) => /^(\.|%2e){1,2}$/i.test(segment));

export const keyElsewhere = (displayName: string, paths: string[]) =>
	`The key of the ${displayName} credential was not sent, because it is only for addresses below ${paths.join(' and ')}${paths.join('') === '' ? '' : ' of '}its 'Base URL'. Use another credential for this address.`;

export const keyRerouted = (displayName: string) =>
	`The key of the ${displayName} credential was not sent, because a proxy or a Host header leads to another server. Remove it from the node. The settings of the n8n server may name a proxy for all nodes.`;

/** Addresses of this machine and of private networks. */
const PRIVATE_HTTP = [
	...['localhost:', 'localhost/', '[', '127.', '10.', '192.168.'],
	...Array.from({ length: 16 }, (_, index) => `172.${16 + index}.`),
].map((host) => ({ _cnd: { startsWith: `http://${host}` } }));

/**
 * Shown while the Base URL has plain http, unless its host is clearly not public. n8n shows a text of its own when the test
 * of a credential succeeds, so the test cannot warn. n8n also evaluates the condition before each use of the credential. It
 * is no regular expression, because n8n stops those after 250 ms, which a busy machine exceeds: then all items failed.
 */
export const plainHttpNotice: INodeProperties = {
	displayName:
		"The 'Base URL' begins with http://, so the key is sent unencrypted and can be read on the network. Use https://, unless you trust the network.",
	name: 'plainHttpNotice',
	type: 'notice',
	default: '',
	displayOptions: {
		show: { baseUrl: [{ _cnd: { startsWith: 'http://' } }] },
		hide: { baseUrl: PRIVATE_HTTP },
	},
};

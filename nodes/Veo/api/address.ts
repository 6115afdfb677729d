/**
 * Whether an address is of no use outside the network that it is in: `localhost`, a private, link-local or multicast IP
 * address in any spelling, or a name without a public domain. `address` has to be a valid URL.
 */
export function isPrivateAddress(address: string): boolean {
	// URL turns decimal, octal, hexadecimal and shortened IPv4 addresses into four numbers.
	const host = new URL(address).hostname.replace(/\.$/, '');
	if (host.startsWith('[')) return isPrivateIpv6(host.slice(1, -1));
	const bytes = host.split('.').map(Number);
	if (/^[\d.]+$/.test(host)) return isPrivateIpv4(bytes);
	return !host.includes('.') || PRIVATE_DOMAINS.test(host);
}

const PRIVATE_DOMAINS = /\.(localhost|local|localdomain|internal|intranet|lan|home|home\.arpa)$/;

/** Ranges that are not globally reachable (IANA's registry of special-purpose addresses): first bytes and prefix length. */
const PRIVATE_IPV4: Array<[bytes: number[], prefixBits: number]> = [
	[[0], 8],
	[[10], 8],
	[[100, 64], 10],
	[[127], 8],
	[[169, 254], 16],
	[[172, 16], 12],
	[[192, 0, 0], 24],
	[[192, 168], 16],
	[[198, 18], 15],
	// Multicast, reserved and broadcast.
	[[224], 3],
];

function isPrivateIpv4(bytes: number[]): boolean {
	return PRIVATE_IPV4.some(([first, bits]) => sharesPrefix(bytes, first, 8, bits));
}

const PRIVATE_IPV6: Array<[groups: number[], prefixBits: number]> = [
	// Unique local, link-local, site-local and multicast.
	[[0xfc00], 7],
	[[0xfe80], 9],
	[[0xff00], 8],
	// NAT64 of a local network.
	[[0x64, 0xff9b, 1], 48],
];

/** Prefixes in front of an IPv4 address, and the group at which that begins. `::` and `::1` are among the first. */
const WITH_IPV4: Array<[groups: number[], prefixBits: number, ipv4At: number]> = [
	[[0, 0, 0, 0, 0, 0], 96, 6],
	[[0, 0, 0, 0, 0, 0xffff], 96, 6],
	[[0, 0, 0, 0, 0xffff, 0], 96, 6],
	[[0x64, 0xff9b], 96, 6],
	[[0x2002], 16, 1],
];

function isPrivateIpv6(host: string): boolean {
	const groups = groupsOf(host);
	if (PRIVATE_IPV6.some(([first, bits]) => sharesPrefix(groups, first, 16, bits))) return true;
	return WITH_IPV4.some(([first, bits, at]) => {
		const ipv4 = groups.slice(at, at + 2).flatMap((group) => [group >> 8, group & 0xff]);
		return sharesPrefix(groups, first, 16, bits) && isPrivateIpv4(ipv4);
	});
}

/** The eight groups of an IPv6 address as URL writes it: without an IPv4 part, with at most one `::`. */
function groupsOf(host: string): number[] {
	const [head = [], tail = []] = host
		.split('::')
		.map((part) => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16))));
	return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/** Whether the first `bits` of two addresses are the same. Parts that `prefix` leaves out are 0. */
function sharesPrefix(parts: number[], prefix: number[], partBits: number, bits: number): boolean {
	return parts.every((part, index) => {
		const counted = Math.min(partBits, Math.max(0, bits - index * partBits));
		const ignored = partBits - counted;
		return part >> ignored === (prefix[index] ?? 0) >> ignored;
	});
}

/** Services whose share links open a page, by their host names. */
const SHARE_PAGES = {
	'Google Drive': /^drive\.google\.com$/,
	Dropbox: /^(www\.)?dropbox\.com$/,
	OneDrive: /^(1drv\.ms|onedrive\.live\.com|[\w-]+\.sharepoint\.com)$/,
	'Google Photos': /^photos\.(google\.com|app\.goo\.gl)$/,
	iCloud: /^(www|share)\.icloud\.com$/,
	WeTransfer: /^(we\.tl|([\w-]+\.)?wetransfer\.com)$/,
	Box: /^([\w-]+\.)?app\.box\.com$/,
};

export type ShareService = keyof typeof SHARE_PAGES;

/** The service whose page the address opens; undefined if the address may be that of the file itself. */
export function sharePageOf(address: string): ShareService | undefined {
	const { hostname, pathname, searchParams } = new URL(address);
	const isDownload =
		['dl', 'raw', 'download'].some((name) => searchParams.get(name) === '1') ||
		/^\/(uc|thumbnail|download|shared\/static\/.+)$/.test(pathname);
	if (isDownload) return undefined;
	const services = Object.keys(SHARE_PAGES) as ShareService[];
	return services.find((service) => SHARE_PAGES[service].test(hostname));
}

/** The address of the file that a share link of Google Drive or Dropbox opens. Other addresses are returned as they are. */
export function toDownloadAddress(address: string): string {
	const url = new URL(address);
	switch (sharePageOf(address)) {
		case 'Dropbox':
			url.searchParams.set('dl', '1');
			return url.href;
		case 'Google Drive': {
			const id = /\/file\/d\/([\w-]+)/.exec(url.pathname)?.[1] ?? url.searchParams.get('id');
			if (!id) return address;
			const resourceKey = url.searchParams.get('resourcekey');
			const query = new URLSearchParams({
				export: 'download',
				id,
				...(resourceKey !== null && { resourcekey: resourceKey }),
			});
			return `https://drive.google.com/uc?${query.toString()}`;
		}
		default:
			return address;
	}
}

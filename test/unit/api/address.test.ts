import fc from 'fast-check';
import { isPrivateAddress, sharePageOf, toDownloadAddress } from '../../../nodes/Veo/api/address';

const byte = fc.nat(255);

/** Private IPv4 addresses, as four bytes. */
const privateIpv4 = fc.oneof(
	fc.tuple(fc.constantFrom(0, 10, 127), byte, byte, byte),
	fc.tuple(fc.constant(169), fc.constant(254), byte, byte),
	fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), byte, byte),
	fc.tuple(fc.constant(192), fc.constant(168), byte, byte),
	fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), byte, byte),
	fc.tuple(fc.integer({ min: 224, max: 255 }), byte, byte, byte),
);

/** Public IPv4 addresses next to those ranges. */
const publicIpv4 = fc.oneof(
	fc.tuple(fc.constantFrom(1, 8, 9, 11, 93, 126, 128, 168, 170, 191, 193, 223), byte, byte, byte),
	fc.tuple(fc.constant(169), fc.constantFrom(253, 255), byte, byte),
	fc.tuple(fc.constant(172), fc.constantFrom(15, 32), byte, byte),
	fc.tuple(fc.constant(192), fc.constantFrom(1, 167, 169), byte, byte),
	fc.tuple(fc.constant(100), fc.constantFrom(63, 128), byte, byte),
);

const toNumber = (bytes: number[]) => bytes.reduce((sum, one) => sum * 256 + one, 0);
const hex = (value: number) => value.toString(16);

/** The spellings of an IPv4 address that URL takes, also within IPv6. */
function spellings([a = 0, b = 0, c = 0, d = 0]: number[]): string[] {
	const high = hex(a * 256 + b);
	const low = hex(c * 256 + d);
	return [
		`${a}.${b}.${c}.${d}`,
		`${a}.${b}.${c}.${d}.`,
		String(toNumber([a, b, c, d])),
		`0x${hex(toNumber([a, b, c, d]))}`,
		`0x${hex(a)}.0${b.toString(8)}.${c * 256 + d}`,
		`${a}.${(b * 256 + c) * 256 + d}`,
		`${a}%2e${b}%2E${c}.${d}`,
		`[::ffff:${a}.${b}.${c}.${d}]`,
		`[::ffff:${high}:${low}]`,
		`[0:0:0:0:0:FFFF:${high}:${low}]`,
		`[64:ff9b::${high}:${low}]`,
		`[2002:${high}:${low}::1]`,
		`[::${high}:${low}]`,
	];
}

describe('a private address', () => {
	it('is known by its IPv4 bytes in any spelling', () => {
		fc.assert(
			fc.property(privateIpv4, (bytes) => {
				for (const host of spellings(bytes)) {
					expect([host, isPrivateAddress(`http://${host}/cat.png`)]).toEqual([host, true]);
				}
			}),
		);
	});

	it('is not mistaken for a public one in any spelling', () => {
		fc.assert(
			fc.property(publicIpv4, (bytes) => {
				for (const host of spellings(bytes)) {
					expect([host, isPrivateAddress(`https://${host}:8443/`)]).toEqual([host, false]);
				}
			}),
		);
	});

	it.each([
		'http://localhost/cat.png',
		'http://LOCALHOST./cat.png',
		'http://img.localhost/',
		'http://127.1/',
		'http://0/',
		'http://[::1]/',
		'http://[::]/',
		'http://[fe80::1]/',
		'http://[febf::1]/',
		'http://[fd12:3456::1]/',
		'http://[fc00::]/',
		'http://[ff02::1]/',
		'http://[64:ff9b:1::8.8.8.8]/',
		'http://nas/cat.png',
		'http://printer.local/',
		'http://metadata.google.internal/',
		'http://host.docker.internal:8080/',
		'http://router.lan/',
		'http://server.localdomain/',
		'http://wiki.intranet/',
		'http://box.home/',
		'http://192.0.0.8/',
		'http://198.18.0.1/',
		'http://198.19.255.255/',
		'http://[fec0::1]/',
		'http://[::ffff:0:10.0.0.1]/',
		'http://box.home.arpa/',
		'http://１２７.0.0.1/',
		'http://169.254.169.254/latest/meta-data/',
	])('is known: %s', (address) => {
		expect(isPrivateAddress(address)).toBe(true);
	});

	it.each([
		'https://example.com/cat.png',
		'https://localhost.example.com/',
		'https://my-local.com/',
		'https://10.example.com/',
		'https://127.0.0.1.nip.example/',
		'http://8.8.8.8/',
		'http://192.0.1.8/',
		'http://198.17.0.1/',
		'http://198.20.0.1/',
		'http://[::ffff:0:8.8.8.8]/',
		'http://[64:ff9b::8.8.8.8]/',
		'http://[fb00::1]/',
		'http://[fe00::1]/',
		'http://[2001:db8:64:ff9b:0:0:a00:1]/',
		'https://local.example/',
		'https://lan.example.com/',
		'http://[2606:4700::1111]/',
		'http://[2001:4860:4860::8888]/',
		'https://bücher.example/',
	])('is not %s', (address) => {
		expect(isPrivateAddress(address)).toBe(false);
	});
});

describe('a share link', () => {
	it.each([
		['https://drive.google.com/file/d/1AbC_d-E/view?usp=sharing', 'Google Drive'],
		['https://drive.google.com/open?id=1AbC', 'Google Drive'],
		['https://drive.google.com/drive/folders/1AbC', 'Google Drive'],
		['https://www.dropbox.com/scl/fi/abc/cat.png?rlkey=k&dl=0', 'Dropbox'],
		['https://www.dropbox.com/s/abc/cat.png', 'Dropbox'],
		['https://1drv.ms/i/s!abc', 'OneDrive'],
		['https://contoso-my.sharepoint.com/:i:/g/personal/abc', 'OneDrive'],
		['https://photos.app.goo.gl/abc', 'Google Photos'],
		['https://www.icloud.com/photos/#abc', 'iCloud'],
		['https://we.tl/t-abc', 'WeTransfer'],
		['https://app.box.com/s/abc', 'Box'],
		['https://acme-corp.app.box.com/s/abc', 'Box'],
		['https://dropbox.com/s/abc/cat.png', 'Dropbox'],
		['https://onedrive.live.com/?id=abc', 'OneDrive'],
		['https://photos.google.com/share/abc', 'Google Photos'],
		['https://share.icloud.com/photos/abc', 'iCloud'],
		['https://wetransfer.com/downloads/abc', 'WeTransfer'],
		['https://acme-corp.wetransfer.com/downloads/abc', 'WeTransfer'],
		['https://www.dropbox.com/s/abc/cat.png?download=0', 'Dropbox'],
		['https://drive.google.com/uc/folders/1AbC', 'Google Drive'],
		['https://drive.google.com/a/uc', 'Google Drive'],
	])('opens a page: %s', (address, service) => {
		expect(sharePageOf(address)).toBe(service);
	});

	it.each([
		'https://drive.google.com/uc?export=download&id=1AbC',
		'https://drive.google.com/thumbnail?id=1AbC&sz=w1000',
		'https://app.box.com/shared/static/abc.png',
		'https://onedrive.live.com/download?resid=abc&authkey=def',
		'https://www.dropbox.com/s/abc/cat.png?dl=1',
		'https://www.dropbox.com/s/abc/cat.png?raw=1',
		'https://dl.dropboxusercontent.com/s/abc/cat.png',
		'https://lh3.googleusercontent.com/abc',
		'https://notdropbox.com/cat.png',
		'https://www.dropbox.com.example.com/cat.png',
		'https://contoso-my.sharepoint.com/personal/cat.png?download=1',
		'https://mydrive.google.com/cat.png',
		'https://drive.google.com.example.com/cat.png',
		'https://1drv.ms.example.com/cat.png',
		'https://my1drv.ms/cat.png',
		'https://xphotos.google.com/cat.png',
		'https://photos.google.com.example.com/cat.png',
		'https://xwww.icloud.com/cat.png',
		'https://www.icloud.com.example.com/cat.png',
		'https://xwe.tl/cat.png',
		'https://we.tl.example.com/cat.png',
		'https://notapp.box.com/cat.png',
		'https://app.box.com.example.com/cat.png',
		'https://example.com/cat.png',
	])('may be that of the file: %s', (address) => {
		expect(sharePageOf(address)).toBeUndefined();
		expect(toDownloadAddress(address)).toBe(address);
	});

	it.each([
		[
			'https://drive.google.com/file/d/1AbC_d-E/view?usp=sharing',
			'https://drive.google.com/uc?export=download&id=1AbC_d-E',
		],
		[
			'https://drive.google.com/open?id=1AbC&resourcekey=0-k',
			'https://drive.google.com/uc?export=download&id=1AbC&resourcekey=0-k',
		],
		[
			'https://www.dropbox.com/scl/fi/abc/cat.png?rlkey=k&dl=0',
			'https://www.dropbox.com/scl/fi/abc/cat.png?rlkey=k&dl=1',
		],
		['https://www.dropbox.com/s/abc/cat.png', 'https://www.dropbox.com/s/abc/cat.png?dl=1'],
		['https://we.tl/t-abc', 'https://we.tl/t-abc'],
		['https://drive.google.com/drive/folders/1AbC', 'https://drive.google.com/drive/folders/1AbC'],
	])('%s is downloaded from %s', (address, download) => {
		expect(toDownloadAddress(address)).toBe(download);
	});
});

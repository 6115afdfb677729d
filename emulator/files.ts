import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';

/** Something to be sent with a known size, from any place of it on. `end` is the first byte that is not sent. */
export interface ServedFile {
	type: string;
	size: number;
	read: (start: number, end: number) => Readable;
}

export function bufferFile(type: string, content: Buffer): ServedFile {
	return {
		type,
		size: content.length,
		read: (start, end) => Readable.from([content.subarray(start, end)]),
	};
}

export function diskFile(type: string, path: string, size: number): ServedFile {
	return {
		type,
		size,
		read: (start, end) =>
			start < end ? createReadStream(path, { start, end: end - 1 }) : Readable.from([]),
	};
}

/** The same bytes over and over, as fast as they are taken and without ever holding more than one chunk. */
export function* filling(bytes: number, chunk = Buffer.alloc(64 * 1024)): Generator<Buffer> {
	for (let left = bytes; left > 0; left -= chunk.length) {
		yield left < chunk.length ? chunk.subarray(0, left) : chunk;
	}
}

/** An MP4 padded to `size` with an empty box, which every player skips. */
export function paddedMp4(clip: ServedFile, size: number): ServedFile {
	const header = Buffer.alloc(16);
	if (size < clip.size + header.length) return clip;
	header.writeUInt32BE(1, 0); // "the size is 64 bits and stands after the type"
	header.write('free', 4, 'latin1');
	header.writeBigUInt64BE(BigInt(size - clip.size), 8);
	const zerosFrom = clip.size + header.length;

	async function* read(start: number, end: number) {
		yield* clip.read(Math.min(start, clip.size), Math.min(end, clip.size));
		yield header.subarray(Math.max(0, start - clip.size), Math.max(0, end - clip.size));
		yield* filling(end - Math.max(start, zerosFrom));
	}
	return { type: clip.type, size, read: (start, end) => Readable.from(read(start, end)) };
}

export function partOf(file: ServedFile, start: number, end: number): ServedFile {
	return {
		type: file.type,
		size: end - start,
		read: (from, to) => file.read(start + from, start + to),
	};
}

/** Reads a `Range` header with one range; anything else is ignored, as the standard allows. */
export function readRange(
	header: string | undefined,
	size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
	const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
	if (first === undefined || last === undefined || first + last === '') return undefined;
	const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
	const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
	return start < end ? { start, end } : 'unsatisfiable';
}

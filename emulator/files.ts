import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';

/** Content of a known size that can be read from any offset. `end` is exclusive. */
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

/** Repeats one chunk until `bytes` are sent, so that large bodies cost no memory. */
export function* repeatChunk(bytes: number, chunk = Buffer.alloc(64 * 1024)): Generator<Buffer> {
	for (let left = bytes; left > 0; left -= chunk.length) {
		yield left < chunk.length ? chunk.subarray(0, left) : chunk;
	}
}

/** Pads an MP4 to `size` with a `free` box, which players skip. */
export function paddedMp4(video: ServedFile, size: number): ServedFile {
	const header = Buffer.alloc(16);
	if (size < video.size + header.length) return video;
	header.writeUInt32BE(1, 0); // 1: a 64-bit size follows the type
	header.write('free', 4, 'latin1');
	header.writeBigUInt64BE(BigInt(size - video.size), 8);
	const zerosFrom = video.size + header.length;

	async function* read(start: number, end: number) {
		yield* video.read(Math.min(start, video.size), Math.min(end, video.size));
		yield header.subarray(Math.max(0, start - video.size), Math.max(0, end - video.size));
		yield* repeatChunk(end - Math.max(start, zerosFrom));
	}
	return { type: video.type, size, read: (start, end) => Readable.from(read(start, end)) };
}

export function partOf(file: ServedFile, start: number, end: number): ServedFile {
	return {
		type: file.type,
		size: end - start,
		read: (from, to) => file.read(start + from, start + to),
	};
}

/** Parses a `Range` header with one range. RFC 9110 allows a server to ignore all other forms. */
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

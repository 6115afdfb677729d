import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { diskFile, type ServedFile } from './files';

export const maxImageBytes = 50 * 1024 * 1024;

/** Uploaded images, stored on disk because each may have 50 MB. */
export class Images {
	private readonly byKey = new Map<string, ServedFile>();

	constructor(private readonly folder: string) {}

	get(imageKey: string): ServedFile | undefined {
		return this.byKey.get(imageKey);
	}

	/** Reads the whole upload and stores it if the API accepts it as an image. */
	async add(
		upload: Readable & { truncated: boolean },
	): Promise<{ bytes: number } & ({ imageKey: string } | { problem: string })> {
		const imageKey = randomUUID();
		const path = join(this.folder, imageKey);
		const target = createWriteStream(path);
		try {
			await pipeline(upload, target);
			const bytes = target.bytesWritten;
			if (upload.truncated) return { bytes, problem: 'file must be at most 50 MB' };
			const type = imageType(await firstBytes(path, 12));
			if (type === undefined) return { bytes, problem: 'file must be a JPEG, PNG or WebP image' };
			this.byKey.set(imageKey, diskFile(type, path, bytes));
			return { bytes, imageKey };
		} finally {
			if (!this.byKey.has(imageKey)) await rm(path, { force: true });
		}
	}
}

async function firstBytes(path: string, count: number): Promise<Buffer> {
	const file = await open(path);
	try {
		const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, 0);
		return buffer.subarray(0, bytesRead);
	} finally {
		await file.close();
	}
}

function imageType(head: Buffer): string | undefined {
	const text = head.toString('latin1');
	if (text.startsWith('\xff\xd8\xff')) return 'image/jpeg';
	if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
	if (text.startsWith('RIFF') && text.slice(8) === 'WEBP') return 'image/webp';
	return undefined;
}

import { randomUUID } from 'crypto';
import type { BinaryStream, ImageFile } from '../api/transport';
import { isStream } from './response';

/**
 * The image as a multipart body (API reference, "Upload an image"). A stream stays a stream, so that a large image is
 * never in memory. The length is sent, as many servers require it.
 */
export async function toMultipart(image: ImageFile) {
	const { fileName, mimeType, bytes } = image;
	const boundary = randomUUID();
	const head = Buffer.from(
		`--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${fileName}"\r\nContent-Type: ${mimeType}\r\n\r\n`,
	);
	const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
	const file = await image.open();
	const body = Buffer.isBuffer(file)
		? Buffer.concat([head, file, tail])
		: file.compose<BinaryStream>(async function* (chunks: AsyncIterable<Buffer>) {
				yield head;
				yield* chunks;
				yield tail;
			});
	if (isStream(body) && isStream(file)) {
		// Ignore stream errors caused by our own abort.
		body.on('error', () => undefined);
		// On Node.js 20, destroying `body` does not always end the file's stream. Destroying that one before it was read would
		// raise an error inside `compose` that no listener can catch, and end n8n. So it is read to its end.
		body.once('close', () => file.unpipe().resume());
	}
	return {
		headers: {
			'Content-Type': `multipart/form-data; boundary=${boundary}`,
			'Content-Length': String(head.length + bytes + tail.length),
		},
		body,
	};
}

import { createHash } from 'crypto';
import { BINARY_ENCODING, type IBinaryData, type IExecuteFunctions } from 'n8n-workflow';
import type { UploadedImage } from '../api/client';
import { IMAGE_FORMATS_TEXT, IMAGE_HEAD_BYTES, imageTypeOf, MAX_IMAGE_BYTES } from '../api/image';
import { toText } from '../api/json';
import { withRetries } from '../api/retry';
import type { ImageFile } from '../api/transport';
import { imageTooLarge, noImageFile, notAnImage, requestFailed } from '../errors/messages';
import { RequestError, settle } from '../errors/outcome';
import type { ApiAccess } from './access';

export interface CheckedImage extends ImageFile {
	/** Of the file's bytes: the same image makes the same request, whatever its name is. */
	sha256: string;
}

/**
 * Checks the image file of an input item (API reference, "Upload an image"): its size and its first bytes, whatever its
 * name and claimed type are. Sends nothing. Throws `VeoError`.
 */
export async function checkImageFile(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<CheckedImage> {
	const { helpers } = context;
	const field = context.getNodeParameter('binaryPropertyName', itemIndex);
	// n8n's editor says that an expression may return the file itself, which has no field name.
	const fieldName = toText(field) || 'Input Data Field Name';
	const binary = binaryOf(() => helpers.assertBinaryData(itemIndex, field));
	if (!binary) throw noImageFile(fieldName);

	const { id } = binary;
	const open = async () =>
		id === undefined
			? Buffer.from(binary.data, BINARY_ENCODING)
			: await helpers.getBinaryStream(id);
	const bytes =
		id === undefined
			? Buffer.byteLength(binary.data, BINARY_ENCODING)
			: (await helpers.getBinaryMetadata(id)).fileSize;
	if (bytes > MAX_IMAGE_BYTES) throw imageTooLarge(fieldName, bytes, MAX_IMAGE_BYTES);

	const hash = createHash('sha256');
	let head = Buffer.alloc(0);
	const content = await open();
	for await (const chunk of Buffer.isBuffer(content) ? [content] : content) {
		const bytesRead: unknown = chunk;
		if (!Buffer.isBuffer(bytesRead)) continue;
		hash.update(bytesRead);
		if (head.length < IMAGE_HEAD_BYTES) {
			head = Buffer.concat([head, bytesRead.subarray(0, IMAGE_HEAD_BYTES)]);
		}
	}
	const type = imageTypeOf(head);
	if (!type) throw notAnImage(fieldName, IMAGE_FORMATS_TEXT);

	return {
		fileName: safeName(binary, type.extension),
		mimeType: type.mimeType,
		bytes,
		open,
		sha256: hash.digest('hex'),
	};
}

/** Uploads a checked image. Throws `VeoError` and `StoppedError`. */
export async function uploadImageFile(
	{ client, retry }: ApiAccess,
	file: CheckedImage,
): Promise<UploadedImage> {
	const upload = async () => await client.upload(file, retry.signal);
	const uploaded = await settle(withRetries(upload, retry));
	if (uploaded instanceof RequestError) throw requestFailed(uploaded.outcome);
	return uploaded;
}

function binaryOf(find: () => IBinaryData): IBinaryData | undefined {
	try {
		return find();
	} catch {
		return undefined;
	}
}

/** A name that cannot break the multipart header, with the extension of its content. */
function safeName({ fileName = 'image' }: IBinaryData, extension: string): string {
	const stem = fileName.replace(/\.[^.]*$/, '').replace(/[^\p{L}\p{N} _.-]/gu, '_');
	return `${stem || 'image'}.${extension}`;
}

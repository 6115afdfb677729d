import { createHash } from 'crypto';
import { BINARY_ENCODING, type IBinaryData, type IExecuteFunctions } from 'n8n-workflow';
import { Backoff } from '../api/backoff';
import type { UploadedImage } from '../api/client';
import {
	CONTENT_HEAD_BYTES,
	contentNameOf,
	IMAGE_FORMATS_TEXT,
	imageTypeOf,
	MAX_IMAGE_BYTES,
} from '../api/image';
import { toText } from '../api/json';
import { withRetries } from '../api/retry';
import type { ImageFile } from '../api/transport';
import {
	imageNotFetched,
	imageTooLarge,
	noImageFile,
	notAnImage,
	requestFailed,
} from '../errors/messages';
import { RequestError, settle } from '../errors/outcome';
import { fetchImage } from '../http/fetchImage';
import { isAgentTool } from '../shared/node';
import type { ApiAccess } from './access';
import type { RunOptions } from './runOptions';

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
	const fileFields = Object.keys(context.getInputData()[itemIndex]?.binary ?? {});
	const binary = binaryOf(() => helpers.assertBinaryData(itemIndex, field));
	if (!binary) throw noImageFile(fieldName, fileFields);

	const file = await readFile(helpers, binary);
	if (file.bytes > MAX_IMAGE_BYTES) throw imageTooLarge(fieldName, file.bytes, MAX_IMAGE_BYTES);
	const { image, head } = await toImage(binary, file);
	if (image) return image;
	const others = fileFields.filter((name) => name !== fieldName);
	throw notAnImage(fieldName, contentNameOf(head, file.bytes), IMAGE_FORMATS_TEXT, others);
}

/** Fetches an image from the web into n8n's storage for files, as the HTTP Request node does. Throws like `fetchImage`. */
export async function fetchImageFile(
	context: IExecuteFunctions,
	address: string,
	{ retry }: ApiAccess,
	{ requestTimeoutMs }: RunOptions,
): Promise<CheckedImage> {
	const { helpers } = context;
	const rules = {
		timeoutMs: requestTimeoutMs,
		allowPrivate: !isAgentTool(context.getNode()),
		signal: retry.signal,
	};
	// A backoff of its own: a slow host must not slow down the Veo API.
	const content = await settle(
		withRetries(async () => await fetchImage(context, address, rules), {
			...retry,
			backoff: new Backoff(),
		}),
	);
	if (content instanceof RequestError) throw imageNotFetched(content.outcome);
	const { extension, mimeType } = imageTypeOf(content) ?? {};
	const binary = await helpers.prepareBinaryData(content, `image.${extension}`, mimeType);
	const { image } = await toImage(binary, await readFile(helpers, binary));
	if (!image) throw new Error('The image in the storage is not the one that was fetched');
	return image;
}

type Content = Pick<ImageFile, 'bytes' | 'open'>;

async function readFile(
	helpers: IExecuteFunctions['helpers'],
	{ id, data }: IBinaryData,
): Promise<Content> {
	if (id === undefined) {
		const content = Buffer.from(data, BINARY_ENCODING);
		return { bytes: content.length, open: async () => await Promise.resolve(content) };
	}
	const { fileSize } = await helpers.getBinaryMetadata(id);
	return { bytes: fileSize, open: async () => await helpers.getBinaryStream(id) };
}

/** Reads the whole file. Returns no image if it is not one that the API takes. */
async function toImage(
	binary: IBinaryData,
	file: Content,
): Promise<{ image?: CheckedImage; head: Buffer }> {
	const hash = createHash('sha256');
	let head = Buffer.alloc(0);
	const content = await file.open();
	for await (const chunk of Buffer.isBuffer(content) ? [content] : content) {
		const bytesRead: unknown = chunk;
		if (!Buffer.isBuffer(bytesRead)) continue;
		hash.update(bytesRead);
		if (head.length < CONTENT_HEAD_BYTES) {
			head = Buffer.concat([head, bytesRead.subarray(0, CONTENT_HEAD_BYTES)]);
		}
	}
	const type = imageTypeOf(head);
	if (!type) return { head };
	const { mimeType, extension } = type;
	const sha256 = hash.digest('hex');
	return { head, image: { ...file, fileName: safeName(binary, extension), mimeType, sha256 } };
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

import { createHash } from 'crypto';
import { BINARY_ENCODING, type IBinaryData } from 'n8n-workflow';
import { textFrom } from '../api/validation';
import {
	IMAGE_FORMATS_TEXT,
	IMAGE_HEAD_BYTES,
	imageTypeOf,
	LARGEST_IMAGE_BYTES,
} from '../api/image';
import { imageTooLarge, noImageFile, notAnImage } from '../errors/messages';
import type { ImageFile } from '../api/transport';
import type { Session } from './session';

export interface CheckedImage extends ImageFile {
	/** Of the file's bytes: the same image is the same wish, whatever it is called. */
	sha256: string;
}

/**
 * The image file of an input item, looked at but not sent: its size and its bytes have to be what the API takes,
 * whatever its name and claimed type are. Throws `VeoFailure`.
 */
export async function checkImageFile(session: Session, itemIndex: number): Promise<CheckedImage> {
	const { helpers } = session.context;
	const field = session.context.getNodeParameter('binaryPropertyName', itemIndex);
	// n8n's editor tells users that an expression may give the file itself; of that there is no name to tell.
	const fieldName = textFrom(field) || 'Input Data Field Name';
	const binary = orNothing(() => helpers.assertBinaryData(itemIndex, field));
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
	if (bytes > LARGEST_IMAGE_BYTES) {
		throw imageTooLarge(fieldName, bytes, LARGEST_IMAGE_BYTES);
	}

	const hash = createHash('sha256');
	let head = Buffer.alloc(0);
	const content = await open();
	for await (const chunk of Buffer.isBuffer(content) ? [content] : content) {
		const piece: unknown = chunk;
		if (!Buffer.isBuffer(piece)) continue;
		hash.update(piece);
		if (head.length < IMAGE_HEAD_BYTES) {
			head = Buffer.concat([head, piece.subarray(0, IMAGE_HEAD_BYTES)]);
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

function orNothing<T>(find: () => T): T | undefined {
	try {
		return find();
	} catch {
		return undefined;
	}
}

/** A name that cannot break out of the multipart header, with the ending that fits the content. */
function safeName({ fileName = 'image' }: IBinaryData, extension: string): string {
	const stem = fileName.replace(/\.[^.]*$/, '').replace(/[^\p{L}\p{N} _.-]/gu, '_');
	return `${stem || 'image'}.${extension}`;
}

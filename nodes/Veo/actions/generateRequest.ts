import { createHash } from 'crypto';
import { checkBasics, checkImageUrl, textFrom } from '../api/validation';
import { orFailed, RequestFailed } from '../api/client';
import { requestFailed } from '../errors/messages';
import type { GenerateRequest } from '../api/parameters';
import { withRetries } from '../api/retry';
import type { Submitting } from '../jobs/submit';
import { checkImageFile } from './imageInput';
import type { Session } from './session';

/**
 * Reads and checks what one item asks for. Nothing is sent. Throws `VeoFailure`.
 */
export async function checkItem(session: Session, itemIndex: number): Promise<Submitting> {
	const { context } = session;
	const parameter = (name: string) => context.getNodeParameter(name, itemIndex, undefined);
	const basics = checkBasics({
		generationType: parameter('generationType'),
		prompt: parameter('prompt'),
		aspectRatio: parameter('aspectRatio'),
	});
	const wish = (image: object, prepare: Submitting['prepare']): Submitting => ({
		itemIndex,
		requestHash: hashOf({ ...basics, ...image }),
		prepare,
	});

	if (basics.generationType === 'text_to_video') {
		return wish({}, async () => await Promise.resolve(basics));
	}
	if (parameter('imageSource') === 'binary') {
		const file = await checkImageFile(session, itemIndex);
		return wish({ sha256: file.sha256 }, async () => ({
			...basics,
			...(await uploadOrThrow(session, file)),
		}));
	}
	const imageKey = textFrom(parameter('imageKey'));
	const image = {
		imageUrl: checkImageUrl(parameter('imageUrl')),
		...(imageKey !== '' && { imageKey }),
	};
	const request: GenerateRequest = { ...basics, ...image };
	return wish(image, async () => await Promise.resolve(request));
}

/** Uploads a checked image. Throws `VeoFailure`, and `Stopped`. */
export async function uploadOrThrow(
	{ client, retry, end }: Session,
	file: Awaited<ReturnType<typeof checkImageFile>>,
) {
	const send = async () => await client.upload(file, end);
	const uploaded = await orFailed(withRetries('upload', send, retry));
	if (uploaded instanceof RequestFailed) throw requestFailed('upload', uploaded.outcome);
	return uploaded;
}

function hashOf(wish: object): string {
	return createHash('sha256').update(JSON.stringify(wish)).digest('hex');
}

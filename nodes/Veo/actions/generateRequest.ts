import { createHash } from 'crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import { toText } from '../api/json';
import { checkBasics, checkImageUrl } from '../api/validation';
import type { PaidItem } from '../jobs/submit';
import type { ApiAccess } from './access';
import { checkImageFile, uploadImageFile } from './imageInput';

/** Reads and checks the request of one item (API reference, "Generate a video"). Sends nothing. Throws `VeoError`. */
export async function checkGenerateRequest(
	context: IExecuteFunctions,
	api: ApiAccess,
	itemIndex: number,
): Promise<PaidItem> {
	const parameter = (name: string) => context.getNodeParameter(name, itemIndex, undefined);
	const basics = checkBasics({
		generationType: parameter('generationType'),
		prompt: parameter('prompt'),
		aspectRatio: parameter('aspectRatio'),
	});
	const paidItem = (image: object, prepare: PaidItem['prepare']): PaidItem => ({
		itemIndex,
		requestHash: hashOf({ ...basics, ...image }),
		prepare,
	});

	if (basics.generationType === 'text_to_video') {
		return paidItem({}, async () => await Promise.resolve(basics));
	}
	if (parameter('imageSource') === 'binary') {
		const file = await checkImageFile(context, itemIndex);
		return paidItem({ sha256: file.sha256 }, async () => ({
			...basics,
			...(await uploadImageFile(api, file)),
		}));
	}
	const imageKey = toText(parameter('imageKey'));
	const image = {
		imageUrl: checkImageUrl(parameter('imageUrl')),
		...(imageKey !== '' && { imageKey }),
	};
	return paidItem(image, async () => await Promise.resolve({ ...basics, ...image }));
}

function hashOf(request: object): string {
	return createHash('sha256').update(JSON.stringify(request)).digest('hex');
}

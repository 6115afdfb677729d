import { createHash } from 'crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import { toText } from '../api/json';
import { checkBasics, checkImageUrl } from '../api/validation';
import { blankIdempotencyKey } from '../errors/messages';
import type { PaidItem } from '../jobs/submit';
import { isOn } from '../shared/options';
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
	const idempotencyKey = readIdempotencyKey(context, itemIndex);
	const paidItem = (image: object, prepare: PaidItem['prepare']): PaidItem => ({
		itemIndex,
		requestHash: hashOf({ ...basics, ...image }),
		...(idempotencyKey !== undefined && { idempotencyKey }),
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

/** Only jobs in the job table have a key. Throws `VeoError` if the option is there, but blank. */
function readIdempotencyKey(context: IExecuteFunctions, itemIndex: number): string | undefined {
	if (!isOn(context.getNodeParameter('trackJob', 0, false))) return undefined;
	const { idempotencyKey } = context.getNodeParameter('options', itemIndex, {});
	if (idempotencyKey === undefined) return undefined;
	const key = toText(idempotencyKey);
	if (key === '') throw blankIdempotencyKey();
	return key;
}

function hashOf(request: object): string {
	return createHash('sha256').update(JSON.stringify(request)).digest('hex');
}

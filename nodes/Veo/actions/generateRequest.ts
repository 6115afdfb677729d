import { createHash } from 'crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import { toDownloadAddress } from '../api/address';
import type { UploadedImage } from '../api/client';
import { checkExtraParameters } from '../api/extraParameters';
import { toText } from '../api/json';
import {
	checkBasics,
	checkImageUrl,
	checkImageUrlForApi,
	checkPromptLength,
} from '../api/validation';
import { blankIdempotencyKey } from '../errors/messages';
import type { PaidItem, SubmitRules } from '../jobs/paidAttempt';
import { isOn } from '../shared/options';
import { type ApiAccess, mayBeTakenUp, wasSubmitted } from './access';
import { checkImageFile, fetchImageFile, uploadImageFile } from './imageInput';
import type { RunOptions } from './runOptions';

/** The image of one item's request. */
interface ImageInput {
	/** The same for the same image. */
	identity: object;
	/** Returns the image's parameters, after uploading it if necessary. */
	load: () => Promise<Partial<UploadedImage>>;
}

/** Whether the image is needed. An item that is taken up needs none, and it may be gone by now. */
type ImageNeed = 'sure' | 'perhaps' | 'none';

/**
 * Reads and checks the request of one item (API reference, "Generate a video"). Sends nothing to the API. Fetches the
 * image if n8n is to fetch it. Throws `VeoError` and `StoppedError`.
 */
export async function checkGenerateRequest(
	context: IExecuteFunctions,
	itemIndex: number,
	api: ApiAccess,
	rules: SubmitRules,
	options: RunOptions,
): Promise<PaidItem> {
	const parameter = (name: string) => context.getNodeParameter(name, itemIndex, undefined);
	const basics = checkBasics({
		generationType: parameter('generationType'),
		prompt: parameter('prompt'),
		aspectRatio: parameter('aspectRatio'),
	});
	const idempotencyKey = readIdempotencyKey(context, itemIndex);
	checkPromptLength(basics.prompt, options.maxPromptLength);
	const extra = checkExtraParameters(
		context.getNodeParameter('options.extraParameters', itemIndex, ''),
	);

	const hasExtra = Object.keys(extra).length > 0;
	const hashFor = (identity: object) =>
		hashOf({ ...basics, ...identity, ...(hasExtra && { extra }) });
	const needOf = (identity: object): ImageNeed => {
		if (wasSubmitted(rules, { itemIndex, requestHash: hashFor(identity) })) return 'none';
		return mayBeTakenUp(rules, { idempotencyKey }) ? 'perhaps' : 'sure';
	};
	const image: ImageInput =
		basics.generationType === 'text_to_video'
			? { identity: {}, load: async () => await Promise.resolve({}) }
			: await checkImage(context, itemIndex, api, options, needOf);
	return {
		itemIndex,
		requestHash: hashFor(image.identity),
		...(idempotencyKey !== undefined && { idempotencyKey }),
		prepare: async () => ({ ...extra, ...basics, ...(await image.load()) }),
	};
}

async function checkImage(
	context: IExecuteFunctions,
	itemIndex: number,
	api: ApiAccess,
	options: RunOptions,
	needOf: (identity: object) => ImageNeed,
): Promise<ImageInput> {
	const parameter = (name: string) => context.getNodeParameter(name, itemIndex, undefined);
	switch (parameter('imageSource')) {
		case 'binary': {
			const file = await checkImageFile(context, itemIndex);
			return {
				identity: { sha256: file.sha256 },
				load: async () => await uploadImageFile(api, file),
			};
		}
		case 'fetch': {
			const address = toDownloadAddress(checkImageUrl(parameter('imageUrl')));
			const identity = { fetchedFrom: address };
			const fetch = async () => await fetchImageFile(context, address, api, options);
			const need = needOf(identity);
			const early = async () =>
				await fetch().catch((thrown: unknown) => {
					if (need === 'sure') throw thrown;
					return undefined;
				});
			const file = need === 'none' ? undefined : await early();
			return { identity, load: async () => await uploadImageFile(api, file ?? (await fetch())) };
		}
		default: {
			const imageUrl = checkImageUrl(parameter('imageUrl'));
			checkImageUrlForApi(imageUrl, api.isPrivate);
			const imageKey = toText(parameter('imageKey'));
			const image = { imageUrl, ...(imageKey !== '' && { imageKey }) };
			return { identity: image, load: async () => await Promise.resolve(image) };
		}
	}
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

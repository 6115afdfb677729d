import { checkImageFile } from './imageInput';
import { asJson, runItems } from './runItems';
import type { OperationRun } from './operation';
import { uploadOrThrow } from './generateRequest';

const CONCURRENT_UPLOADS = 3;

/** Upload Image: stores an item's image at the service, for image to video. */
export const uploadImage: OperationRun = async (session) =>
	await runItems(session, CONCURRENT_UPLOADS, checkImageFile, async (_, file) => ({
		json: asJson(await uploadOrThrow(session, file)),
	}));

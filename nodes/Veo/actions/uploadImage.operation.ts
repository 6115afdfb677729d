import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { toItemJson } from '../shared/items';
import { openVeoApi } from './access';
import { checkImageFile, uploadImageFile } from './imageInput';
import { runItems } from './runItems';
import { readOptions } from './runOptions';
import { RunSignals } from './runSignals';

const CONCURRENT_UPLOADS = 3;

/** Upload Image: stores an item's image at the service, for image to video. */
export async function uploadImage(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const options = readOptions(context);
	const signals = new RunSignals(context);
	const api = await openVeoApi(context, options, signals.end);

	return await runItems(context, signals, {
		limit: CONCURRENT_UPLOADS,
		check: async (itemIndex) => await checkImageFile(context, itemIndex),
		work: async (_, file) => ({ json: toItemJson(await uploadImageFile(api, file)) }),
	});
}

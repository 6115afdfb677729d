import {
	type IExecuteFunctions,
	type IHttpRequestOptions,
	type INodeExecutionData,
	type INodeType,
	NodeConnectionTypes,
} from 'n8n-workflow';

import { objectOr, type JsonObject } from '../../harness/json';
import { inPool } from '../../nodes/Veo/jobs/pool';

/** Sends an authenticated request with n8n's helper and returns the `data` of the answer. */
export type Send = (options: IHttpRequestOptions) => Promise<JsonObject>;

/** Processes one item. */
export type PlainWork = (
	context: IExecuteFunctions,
	send: Send,
	itemIndex: number,
) => Promise<INodeExecutionData>;

/** A node that only calls n8n's helpers, without validation and retries. */
export function plainNode(name: string, concurrent: number, work: PlainWork): INodeType {
	return {
		description: {
			displayName: name,
			name,
			group: ['transform'],
			version: 1,
			description: '',
			defaults: {},
			inputs: [NodeConnectionTypes.Main],
			outputs: [NodeConnectionTypes.Main],
			credentials: [{ name: 'veoApi', required: true }],
			properties: [{ displayName: 'Prompt', name: 'prompt', type: 'string', default: '' }],
		},
		async execute(this: IExecuteFunctions) {
			const send: Send = async (options) => {
				const answer: unknown = await this.helpers.httpRequestWithAuthentication.call(
					this,
					'veoApi',
					options,
				);
				return objectOr(objectOr(answer).data);
			};
			const indexes = this.getInputData().map((_, itemIndex) => itemIndex);
			const output = await inPool(indexes, concurrent, async (itemIndex) => ({
				...(await work(this, send, itemIndex)),
				pairedItem: { item: itemIndex },
			}));
			return [output];
		},
	};
}

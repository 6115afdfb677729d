import type { IExecuteFunctions } from 'n8n-workflow';
import { optionsField } from '../descriptions/video';
import { isOn, readNumber } from '../shared/options';

/** The node's options, with the form's defaults. */
export interface RunOptions {
	pollIntervalMs: number;
	maxWaitMs: number;
	onTimeout: 'error' | 'returnStatus';
	maxConcurrentJobs: number;
	maxRetries: number;
	requestTimeoutMs: number;
	reuseIdentical: boolean;
	/** New videos of an execution. 0 is no limit. */
	maxVideos: number;
	/** In characters. 0 is no limit. */
	maxPromptLength: number;
	/** How often a video that the API reports as failed is made again in one execution. */
	maxMadeAgain: number;
	/** Whether a paid request without a clear answer is sent once more. */
	sendUnclearAgain: boolean;
}

export function readOptions(context: IExecuteFunctions): RunOptions {
	const raw = context.getNodeParameter('options', 0, {});
	const number = (name: string) => readNumber(optionsField, raw, name);
	return {
		pollIntervalMs: number('pollInterval') * 1000,
		maxWaitMs: number('maxWaitTime') * 1000,
		onTimeout: raw.onTimeout === 'returnStatus' ? 'returnStatus' : 'error',
		maxConcurrentJobs: Math.floor(number('maxConcurrentJobs')),
		maxRetries: number('maxRetries'),
		requestTimeoutMs: number('requestTimeout') * 1000,
		reuseIdentical: isOn(raw.reuseIdentical),
		maxVideos: Math.floor(number('maxVideos')),
		maxPromptLength: Math.floor(number('maxPromptLength')),
		maxMadeAgain: Math.floor(number('makeAgain')),
		sendUnclearAgain: raw.onUnclear === 'sendAgain',
	};
}

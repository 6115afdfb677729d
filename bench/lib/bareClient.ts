import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';

import { objectOr, requiredString, type JsonObject } from '../../harness/json';

/** The API reference asks for 5 to 10 seconds between two checks. */
export const MIN_INTERVAL_MS = 5_000;

/** How long to sleep after a status answer that is not final. */
export type Interval = (status: JsonObject) => number;

/** Waits as n8n's own Gemini node does for a video. Its OpenAI node waits 10 seconds, its MiniMax node 15. */
export const fixedInterval: Interval = () => MIN_INTERVAL_MS;

/** Waits as long as `estimatedTime` says, which may be absent. */
export const byEstimate: Interval = ({ estimatedTime }) =>
	Math.max(MIN_INTERVAL_MS, Number(estimatedTime ?? 0) * 1000);

/** The minimum that makes a video: the two requests and sleep, without validation, retries or cancellation. */
export class BareClient {
	constructor(
		private readonly baseUrl: string,
		private readonly apiKey: string,
	) {}

	async video(prompt: string, interval: Interval): Promise<JsonObject> {
		const uuid = await this.generate(prompt);
		for (;;) {
			const status = await this.send('GET', `/video-status/${uuid}`);
			if (status.status === 'completed') return status;
			await sleep(interval(status));
		}
	}

	private async generate(prompt: string): Promise<string> {
		const body = JSON.stringify({ generationType: 'text_to_video', prompt, aspectRatio: 'auto' });
		return requiredString(await this.send('POST', '/generate-video', body), 'uuid');
	}

	private async send(method: 'GET' | 'POST', path: string, body?: string): Promise<JsonObject> {
		const answer = await request(this.baseUrl + path, {
			method,
			headers: { authorization: `Bearer ${this.apiKey}`, 'content-type': 'application/json' },
			body,
		});
		return objectOr(objectOr(await answer.body.json()).data);
	}
}

import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';

import { objectOr, requiredString, type JsonObject } from '../../harness/json';

/** The API's rule: 5 to 10 seconds between two checks. */
export const SHORTEST_INTERVAL_MS = 5_000;

/** How long to sleep after a status answer that is not the last. */
export type Interval = (status: JsonObject) => number;

/** As n8n's own Gemini and OpenAI nodes wait for a video, and as the peers do. */
export const fixedInterval: Interval = () => SHORTEST_INTERVAL_MS;

/** As long as the API says; it may say nothing. */
export const byEstimate: Interval = ({ estimatedTime }) =>
	Math.max(SHORTEST_INTERVAL_MS, Number(estimatedTime ?? 0) * 1000);

/** The least that makes a video: the two requests, and sleep in between. No checks, no repeating, no Stop. */
export class Floor {
	constructor(
		private readonly baseUrl: string,
		private readonly apiKey: string,
	) {}

	async video(prompt: string, interval: Interval): Promise<JsonObject> {
		const uuid = await this.generate(prompt);
		for (;;) {
			const status = await this.ask('GET', `/video-status/${uuid}`);
			if (status.status === 'completed') return status;
			await sleep(interval(status));
		}
	}

	private async generate(prompt: string): Promise<string> {
		const body = JSON.stringify({ generationType: 'text_to_video', prompt, aspectRatio: 'auto' });
		return requiredString(await this.ask('POST', '/generate-video', body), 'uuid');
	}

	private async ask(method: 'GET' | 'POST', path: string, body?: string): Promise<JsonObject> {
		const answer = await request(this.baseUrl + path, {
			method,
			headers: { authorization: `Bearer ${this.apiKey}`, 'content-type': 'application/json' },
			body,
		});
		return objectOr(objectOr(await answer.body.json()).data);
	}
}

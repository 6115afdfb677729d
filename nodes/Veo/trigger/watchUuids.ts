import type { VideoStatus } from '../api/client';
import type { JsonObject } from '../api/json';
import { isKeyRefused } from '../api/policy';
import { isFinal } from '../api/videoStatus';
import { givenUp, notChecked } from '../errors/messages';
import { RequestError } from '../errors/outcome';
import { triggerKeyOf } from './context';
import type { Deliverer, Store } from './deliverer';
import { Deliveries, type Delivery, eventOf } from './deliveries';
import { type Active, isWanted, lacksUrl, recover, type Watch } from './watch';

/** What triggers of this process delivered. n8n saves static data only when the trigger emits. */
const lastSaved = new Map<string, string>();

/** n8n starts an execution right after it has saved the batch with the static data, so only a younger one is in doubt. */
const MAX_DOUBT_MS = 5 * 60_000;

/** What n8n saved with its last execution: the batch of that execution is still listed as begun. */
function withoutTaken(saved: unknown): string | undefined {
	const deliveries = Deliveries.parse(saved);
	for (const batch of [...(deliveries?.begun ?? [])]) {
		if (!(Date.now() - (batch.atMs ?? Infinity) > MAX_DOUBT_MS)) continue;
		deliveries?.add(batch.jobs);
		deliveries?.end(batch);
	}
	return deliveries?.toString();
}

/** Stores deliveries in n8n's static data. n8n saves it together with what the trigger emits. */
export function staticStore(context: Active['context']): Store {
	const state = context.getWorkflowStaticData('node');
	const key = triggerKeyOf(context);
	return {
		load: async () => await Promise.resolve(lastSaved.get(key) ?? withoutTaken(state.deliveries)),
		save: async (text) => {
			state.deliveries = text;
			lastSaved.set(key, text);
			await Promise.resolve();
		},
	};
}

/** Watches the jobs that the user listed, without a table. */
export class UuidsWatch implements Watch {
	private readonly ended = new Set<string>();
	private readonly withoutUrlMs = new Map<string, number>();

	constructor(
		private readonly active: Active,
		private readonly deliverer: Deliverer,
		private readonly uuids: string[],
	) {}

	async round(): Promise<void> {
		const { queue } = this.active;
		await this.deliverer.load(0, async (delivery) => await recover(this.active, delivery));
		for (const uuid of this.uuids) {
			if (this.ended.has(uuid) || queue.has(uuid) || this.isKnown(uuid)) continue;
			queue.add(uuid, {}, (answer) => this.onAnswer(uuid, answer));
		}
		await this.deliverer.retry();
	}

	/** Listed jobs have no known end, so that each is remembered as long as it is listed. */
	private deliveryOf(uuid: string, status: unknown): Delivery {
		return { uuid, event: eventOf(status), finishedMs: Number.MAX_SAFE_INTEGER };
	}

	private isKnown(uuid: string): boolean {
		return ['completed', 'failed'].some((status) =>
			this.deliverer.knows(this.deliveryOf(uuid, status)),
		);
	}

	private onAnswer(uuid: string, answer: VideoStatus | RequestError): 'again' | 'done' {
		const { reporter, onKeyRefused } = this.active;
		if (answer instanceof RequestError) {
			if (isKeyRefused(answer.outcome)) {
				onKeyRefused(answer.outcome);
				return 'again';
			}
			reporter.log(notChecked([{ uuid, outcome: answer.outcome }]));
			return this.isTooOld ? this.giveUp(uuid) : 'again';
		}
		if (!isFinal(answer.status)) return this.isTooOld ? this.giveUp(uuid, answer) : 'again';
		if (lacksUrl(answer, this.withoutUrlSince(uuid))) return 'again';
		return this.end(uuid, answer);
	}

	private withoutUrlSince(uuid: string): number {
		const sinceMs = this.withoutUrlMs.get(uuid) ?? Date.now();
		this.withoutUrlMs.set(uuid, sinceMs);
		return sinceMs;
	}

	private get isTooOld(): boolean {
		return Date.now() - this.active.sinceMs > this.active.settings.giveUpAfterMs;
	}

	private giveUp(uuid: string, video?: VideoStatus): 'done' {
		const errorMessage = givenUp(this.active.settings.giveUpAfterMs);
		return this.end(uuid, { ...video, uuid, status: 'expired', errorMessage });
	}

	private end(uuid: string, video: JsonObject): 'done' {
		this.ended.add(uuid);
		const delivery = this.deliveryOf(uuid, video.status);
		if (isWanted(video.status, this.active.settings.events)) this.deliverer.add(delivery, video);
		else this.deliverer.skip(delivery);
		return 'done';
	}
}

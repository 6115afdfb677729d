import { readAnswer, wordsOf } from './envelope';
import { isJsonObject, type JsonObject, type Outcome } from '../errors/outcome';
import type { GenerateRequest } from './parameters';
import type { PaidPermit } from './policy';
import type { ApiRequest, ImageFile, Transport } from './transport';

/** The `data` of an answer to `POST /generate-video`: at least these, and whatever else the API sent. */
export interface AcceptedJob extends JsonObject {
	uuid: string;
}

/** The `data` of an answer to `GET /video-status/{uuid}`: at least these, and whatever else the API sent. */
export interface VideoStatus extends JsonObject {
	uuid: string;
	status: string;
}

/** The `data` of an answer to `POST /upload-video-image`. */
export interface UploadedImage {
	imageUrl: string;
	imageKey?: string;
}

/** A request that did not give what was asked for. */
export class RequestFailed extends Error {
	constructor(readonly outcome: Outcome) {
		super(`The request ended as ${outcome.name}`);
	}
}

/** Gives a failed request as a value. Whatever else is thrown stays thrown. */
export async function orFailed<T>(request: Promise<T>): Promise<T | RequestFailed> {
	return await request.catch((thrown: unknown) => {
		if (thrown instanceof RequestFailed) return thrown;
		throw thrown;
	});
}

/**
 * The three calls of the API. Each sends one request and throws `RequestFailed` for every outcome that is not the
 * documented answer, and `Stopped` when the signal fired.
 */
export class VeoClient {
	constructor(
		private readonly send: Transport,
		private readonly now: () => number,
	) {}

	/** `POST /generate-video`. Spends credits. */
	async generate(
		request: GenerateRequest,
		permit: PaidPermit,
		signal?: AbortSignal,
	): Promise<AcceptedJob> {
		permit.use();
		const { data } = await this.ask(
			{ method: 'POST', path: '/generate-video', json: request },
			signal,
		);
		const uuid = isJsonObject(data) ? toUuid(data.uuid) : undefined;
		if (!isJsonObject(data) || uuid === undefined) throw shapeless(data);
		return { ...withoutErrorField(data), uuid };
	}

	/** `GET /video-status/{uuid}`. A video that failed is an answer like any other. */
	async status(uuid: string, signal?: AbortSignal): Promise<VideoStatus> {
		const { data, words } = await this.ask(
			{ method: 'GET', path: `/video-status/${encodeURIComponent(wellFormed(uuid))}` },
			signal,
		);
		if (!isJsonObject(data) || typeof data.status !== 'string') throw shapeless(data);
		return { ...withoutErrorField(data, words), uuid, status: data.status };
	}

	/** `POST /upload-video-image`. */
	async upload(file: ImageFile, signal?: AbortSignal): Promise<UploadedImage> {
		const { data } = await this.ask({ method: 'POST', path: '/upload-video-image', file }, signal);
		if (!isJsonObject(data) || typeof data.imageUrl !== 'string') throw shapeless(data);
		const imageKey = typeof data.imageKey === 'string' ? data.imageKey : undefined;
		return { imageUrl: data.imageUrl, ...(imageKey !== undefined && { imageKey }) };
	}

	private async ask(request: ApiRequest, signal?: AbortSignal) {
		const answer = await this.send(request, signal);
		if ('noAnswer' in answer) {
			throw new RequestFailed({ name: answer.noAnswer, networkCode: answer.networkCode });
		}
		const reading = readAnswer(answer, this.now());
		if (!reading.ok) throw new RequestFailed(reading.outcome);
		return reading;
	}
}

function toUuid(value: unknown): string | undefined {
	if (typeof value === 'number') return String(value);
	return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/** Half a character, of which no URL can be made, as the sign for one that is unknown. */
const wellFormed = (text: string) => text.replace(/\p{Surrogate}/gu, '\uFFFD');

function shapeless(data: unknown): RequestFailed {
	return new RequestFailed({ name: 'shape', code: 0, data: isJsonObject(data) ? data : undefined });
}

/**
 * Gives a failed video its reason as `errorMessage`, wherever the API put it, and what more was said as `errorDetails`. No
 * field is left named `error`: n8n takes an item with such a field for one that its node could not handle.
 */
function withoutErrorField(data: JsonObject, envelopeWords?: string): JsonObject {
	const { error, ...rest } = data;
	if (data.status === 'failed') {
		const nested = isJsonObject(error) ? wordsOf(error) : undefined;
		const words =
			wordsOf(data) ?? nested ?? (envelopeWords === 'Success' ? undefined : envelopeWords);
		const isMore = Boolean(error) && error !== words;
		return {
			...rest,
			...(words !== undefined && { errorMessage: words }),
			...(isMore && { errorDetails: error }),
		};
	}
	return error === undefined ? rest : { errorMessage: error, ...rest };
}

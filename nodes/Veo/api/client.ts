import { RequestError } from '../errors/outcome';
import { apiMessageOf, readAnswer } from './envelope';
import { isJsonObject, type JsonObject, toText } from './json';
import type { GenerateRequest } from './parameters';
import { mayBeAccepted, type PaidPermit } from './policy';
import type { ApiRequest, ImageFile, Transport } from './transport';
import { isUuid } from './validation';

/** The `data` of an answer to `POST /generate-video`, with all fields that the API sent. */
export interface AcceptedJob extends JsonObject {
	uuid: string;
}

/** The `data` of an answer to `GET /video-status/{uuid}`, with all fields that the API sent. */
export interface VideoStatus extends JsonObject {
	uuid: string;
	status: string;
}

/** The `data` of an answer to `POST /upload-video-image`. */
export interface UploadedImage {
	imageUrl: string;
	imageKey?: string;
}

/**
 * The three calls of the API. Each sends one request. Throws `RequestError` for everything but the documented answer, and
 * `StoppedError` when the signal fires.
 */
export class VeoClient {
	constructor(private readonly send: Transport) {}

	/** `POST /generate-video`. Spends credits. */
	async generate(
		request: GenerateRequest,
		permit: PaidPermit,
		signal?: AbortSignal,
	): Promise<AcceptedJob> {
		permit.use();
		const { data } = await this.request(
			{ method: 'POST', path: '/generate-video', json: request },
			signal,
		).catch((thrown: unknown) => {
			// A job that the API names exists, unless the answer says that the request was refused.
			const outcome = thrown instanceof RequestError ? thrown.outcome : undefined;
			if (!outcome?.data || !mayBeAccepted(outcome)) throw thrown;
			if (toUuid(outcome.data.uuid) === undefined) throw thrown;
			return outcome;
		});
		const uuid = isJsonObject(data) ? toUuid(data.uuid) : undefined;
		if (!isJsonObject(data) || uuid === undefined) throw unexpectedShape(data);
		return { ...renameErrorField(data), uuid };
	}

	/**
	 * `GET /video-status/{uuid}`. A video that failed is a normal answer, whatever the envelope's code is. `isUuid` must hold
	 * for `uuid`.
	 */
	async status(uuid: string, signal?: AbortSignal): Promise<VideoStatus> {
		const path = `/video-status/${encodeURIComponent(uuid)}`;
		const { data, apiMessage } = await this.request({ method: 'GET', path }, signal).catch(
			(thrown: unknown) => {
				const outcome = thrown instanceof RequestError ? thrown.outcome : undefined;
				if (outcome?.code === undefined || outcome.data?.status !== 'failed') throw thrown;
				return outcome;
			},
		);
		if (!isJsonObject(data) || typeof data.status !== 'string') throw unexpectedShape(data);
		return { ...renameErrorField(data, apiMessage), uuid, status: data.status };
	}

	/** `POST /upload-video-image`. */
	async upload(file: ImageFile, signal?: AbortSignal): Promise<UploadedImage> {
		const { data } = await this.request(
			{ method: 'POST', path: '/upload-video-image', file },
			signal,
		);
		if (!isJsonObject(data) || typeof data.imageUrl !== 'string') throw unexpectedShape(data);
		const imageKey = typeof data.imageKey === 'string' ? data.imageKey : undefined;
		return { imageUrl: data.imageUrl, ...(imageKey !== undefined && { imageKey }) };
	}

	private async request(request: ApiRequest, signal?: AbortSignal) {
		const answer = await this.send(request, signal);
		if ('noAnswer' in answer) {
			throw new RequestError({ name: answer.noAnswer, networkCode: answer.networkCode });
		}
		const reading = readAnswer(answer);
		if (!reading.ok) throw new RequestError(reading.outcome);
		return reading;
	}
}

function toUuid(value: unknown): string | undefined {
	const text = toText(value);
	return isUuid(text) ? text : undefined;
}

function unexpectedShape(data: unknown): RequestError {
	return new RequestError({ name: 'shape', code: 0, data: isJsonObject(data) ? data : undefined });
}

/**
 * Puts the reason of a failed video into `errorMessage`, wherever the API sent it, and a remaining `error` into
 * `errorDetails`. n8n would take an item with a field named `error` for a failed one.
 */
function renameErrorField(data: JsonObject, envelopeMessage?: string): JsonObject {
	const { error, ...rest } = data;
	if (data.status === 'failed') {
		const apiMessage =
			apiMessageOf(data) ?? (envelopeMessage === 'Success' ? undefined : envelopeMessage);
		const hasDetails = Boolean(error) && error !== apiMessage;
		return {
			...rest,
			...(apiMessage !== undefined && { errorMessage: apiMessage }),
			...(hasDetails && { errorDetails: error }),
		};
	}
	return error === undefined ? rest : { errorMessage: error, ...rest };
}

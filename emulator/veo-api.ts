import type { MultipartFile } from '@fastify/multipart';
import { Refusal, fileAnswer, success, type Answer, type JsonAnswer } from './answers';
import { FaultPlan } from './fault-plan';
import type { Fault } from './faults';
import { bufferFile, paddedMp4 } from './files';
import { Images } from './images';
import { acceptedData, Job, statusData, type GenerateRequest, type SavedJob } from './jobs';
import { defaults, type EmulatorOptions } from './options';
import type { Kind, RecordedRequest } from './requests';
import { SignedUrls } from './signed-urls';
import { Videos } from './videos';
import { Webhooks, type WebhookCall } from './webhooks';

/** The emulated service: its state and its answers, independent of the HTTP server. */
export class VeoApi {
	/** The server's origin, set once it listens. */
	origin = '';
	options: EmulatorOptions;
	credits: number;
	jobs: Job[] = [];
	requests: RecordedRequest[] = [];
	readonly webhooks = new Webhooks();

	private readonly jobByUuid = new Map<string, Job>();
	/** The number of accepted jobs by prompt. */
	private readonly attempts = new Map<string, number>();
	private readonly images: Images;
	private readonly videos: Videos;
	private readonly signedUrls = new SignedUrls();
	private faultPlan = new FaultPlan();
	/** Times of the requests that count towards the rate limit. */
	private admitted: number[] = [];

	constructor(
		private readonly startOptions: EmulatorOptions,
		/** Folder for uploads and videos. */
		folder: string,
	) {
		this.options = { ...startOptions };
		this.credits = this.settings.credits;
		this.images = new Images(folder);
		this.videos = new Videos(folder);
	}

	get settings() {
		return { ...defaults, ...this.options };
	}

	get webhookCalls(): readonly WebhookCall[] {
		return this.webhooks.calls;
	}

	count(kind: RecordedRequest['kind']): number {
		return this.requests.filter((request) => request.kind === kind).length;
	}

	reset(options: EmulatorOptions = {}): void {
		this.options = { ...this.startOptions, faults: [], ...options };
		this.credits = this.settings.credits;
		this.jobs = [];
		this.requests = [];
		this.jobByUuid.clear();
		this.attempts.clear();
		this.webhooks.reset();
		this.faultPlan = new FaultPlan();
		this.admitted = [];
	}

	restore(saved: readonly SavedJob[]): void {
		for (const { request, index, attempt, ...rest } of saved) {
			const job = Object.assign(new Job(request, index, attempt, this.options), rest);
			this.jobs.push(job);
			this.attempts.set(request.prompt, attempt + 1);
			this.jobByUuid.set(job.uuid, job);
		}
	}

	accept(request: GenerateRequest): Job {
		const job = this.createJob(request);
		this.jobs.push(job);
		this.attempts.set(request.prompt, job.attempt + 1);
		this.jobByUuid.set(job.uuid, job);
		this.credits -= this.settings.creditsPerVideo;
		const { webhook } = this.options;
		if (webhook) this.webhooks.schedule(job, webhook, () => this.statusOf(job).envelope);
		return job;
	}

	private createJob(request: GenerateRequest): Job {
		const attempt = this.attempts.get(request.prompt) ?? 0;
		return new Job(request, this.jobs.length, attempt, this.options);
	}

	job(uuid: string | undefined): Job | undefined {
		return uuid === undefined ? undefined : this.jobByUuid.get(uuid);
	}

	/** The fault to apply to this request, if any. `isRead`: whether the body has been read. */
	nextFault(
		kind: Kind,
		uuid: string | undefined,
		body: unknown,
		isRead: boolean,
	): Fault | undefined {
		const { faults, seed } = this.settings;
		const job = this.job(uuid);
		const prompt = uuid === undefined ? promptOf(body) : job?.request.prompt;
		return this.faultPlan.next(faults, seed, { kind, uuid, prompt, job, jobs: this.jobs }, isRead);
	}

	/** Refuses a wrong key (code 1002) and too many requests (code 1003). */
	admit(authorization: string | undefined): void {
		const { apiKeys, rateLimit } = this.settings;
		const [, key] = /^Bearer (.+)$/i.exec(authorization ?? '') ?? [];
		if (key === undefined || !apiKeys.includes(key)) {
			throw new Refusal(1002, 'Authentication failed: missing or invalid API key');
		}
		if (!rateLimit) return;
		const now = Date.now();
		this.admitted = this.admitted.filter((time) => time > now - rateLimit.perMs);
		if (this.admitted.length >= rateLimit.requests) {
			const { retryAfterSeconds } = rateLimit;
			const headers = retryAfterSeconds !== undefined && {
				'retry-after': String(retryAfterSeconds),
			};
			throw new Refusal(1003, 'Rate limit exceeded', { headers: { ...headers } });
		}
		this.admitted.push(now);
	}

	/** With `accept` false the answer describes a job that is not stored and not billed. */
	generate(request: GenerateRequest, accept: boolean, record: RecordedRequest): Answer {
		const { creditsPerVideo: required } = this.settings;
		if (this.credits < required) {
			throw new Refusal(1001, 'Insufficient credits', {
				data: { required, current: this.credits },
			});
		}
		if (!accept) {
			return success('Success', acceptedData(this.createJob(request)));
		}
		const job = this.accept(request);
		record.uuid = job.uuid;
		return success('Success', acceptedData(job));
	}

	status(uuid: string): Answer {
		const job = this.job(uuid);
		if (job) return this.statusOf(job);
		if (this.settings.unknownUuid === 'envelope1000') {
			throw new Refusal(1000, `Invalid parameters: no video has the uuid ${uuid}`);
		}
		return { status: 404, headers: {}, file: bufferFile('text/plain', Buffer.from('Not Found')) };
	}

	private statusOf(job: Job): JsonAnswer {
		const data = statusData(job, this.options, (completed) => this.videoUrl(completed));
		const failedInMsg = data.status === 'failed' && this.settings.failureField === 'msg';
		return success(failedInMsg ? job.failureMessage : 'Success', data);
	}

	/** Records the time of the first answer that reports a final status. */
	recordReportedStatus(record: RecordedRequest, answer: Answer): void {
		if (record.kind !== 'status' || record.answered === 'aborted' || 'file' in answer) return;
		const job = this.job(record.uuid);
		const status = answer.envelope.data?.status;
		if (job && (status === 'completed' || status === 'failed')) {
			job.firstToldFinalAt ??= Date.now();
		}
	}

	async upload(part: MultipartFile | undefined, record: RecordedRequest): Promise<Answer> {
		if (part?.fieldname !== 'file') {
			part?.file.resume();
			throw new Refusal(1000, 'file is required');
		}
		const { bytes, ...result } = await this.images.add(part.file);
		record.body = { fileName: part.filename, mimeType: part.mimetype, bytes };
		if ('problem' in result) throw new Refusal(1000, result.problem);
		const { imageKey } = result;
		const imageUrl = `${this.origin}/images/${imageKey}`;
		return success('Upload successful', { imageUrl, imageKey });
	}

	private videoUrl({ uuid }: Job): string {
		const { videoUrlLifetimeMs } = this.settings;
		const path = `/videos/${uuid}.mp4`;
		const isSigned = videoUrlLifetimeMs !== undefined;
		return this.origin + (isSigned ? this.signedUrls.sign(path, videoUrlLifetimeMs) : path);
	}

	/** `url` is the request's path with its query. */
	async video(uuid: string, url: string, range: string | undefined): Promise<Answer> {
		const job = this.job(uuid);
		if (job?.status !== 'completed') throw new Refusal(1000, 'No such video', { status: 404 });
		if (this.settings.videoUrlLifetimeMs !== undefined && !this.signedUrls.isValid(url)) {
			return { status: 403, headers: {}, file: accessDenied };
		}
		return fileAnswer(paddedMp4(await this.videos.of(job), this.settings.videoBytes), range);
	}

	image(imageKey: string, range: string | undefined): Answer {
		const image = this.images.get(imageKey);
		if (!image) throw new Refusal(1000, 'No such image', { status: 404 });
		return fileAnswer(image, range);
	}
}

// The form in which storage services refuse a URL that has expired.
const accessDenied = bufferFile(
	'application/xml',
	Buffer.from('<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>'),
);

function promptOf(body: unknown): string | undefined {
	if (typeof body !== 'object' || body === null || !('prompt' in body)) return undefined;
	return typeof body.prompt === 'string' ? body.prompt : undefined;
}

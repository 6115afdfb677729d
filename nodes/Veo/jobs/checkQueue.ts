import { onAbort, sleepUnlessAborted } from '../api/abort';
import type { Backoff } from '../api/backoff';
import type { VeoClient, VideoStatus } from '../api/client';
import { isFinal } from '../api/videoStatus';
import { RequestError, settle } from '../errors/outcome';
import { CheckPlan, MIN_PAUSE_MS } from './checkPlan';
import { CheckRate } from './checkRate';
import type { Experience } from './experience';
import { SortedList } from './sortedList';

/** More answers than these are not awaited at once, however slow the API is. */
const MAX_RUNNING = 25;
/** n8n's sleep cannot be canceled, so no timer is longer. */
const MAX_IDLE_MS = 1_000;
const MAX_NEW_MS = 1_000;
/** How long the last check of a job may wait for the rate. */
const MAX_LATE_MS = 10_000;

/** What is known about a job before its first check. */
export interface Knowledge {
	/** When the API accepted the job, in ms since the epoch. */
	acceptedAtMs?: number;
	/** When the job was last checked, by any process. */
	lastCheckMs?: number;
	/** When the job is likely to end. Due jobs with earlier ends are checked first. */
	endMs?: number;
}

/**
 * Called with each answer. Returns whether the job is checked again. A final status may be checked again too, for example
 * while its `videoUrl` is missing.
 */
export type OnAnswer = (answer: VideoStatus | RequestError) => 'again' | 'done';

/** When a job is checked for the last time. Where that check cannot be sent, `onMissed` is called instead. */
export interface LastCheck {
	atMs: number;
	onMissed: () => void;
}

interface Job {
	uuid: string;
	onAnswer: OnAnswer;
	lastCheck?: LastCheck;
	plan: CheckPlan;
	lastSentMs: number;
	dueMs: number;
	endMs: number;
	/** Where the job is. A removed job that is being checked gets no answer. */
	place: 'waiting' | 'due' | 'running' | 'removed';
	/** A hint came since the last check was sent. */
	isHinted: boolean;
}

export interface QueueRules {
	client: VeoClient;
	backoff: Backoff;
	experience: Experience;
	/** Longest pause between two checks of a job about whose end nothing is known. */
	intervalMs: number;
	/** Ends the queue and aborts its requests. */
	signal: AbortSignal;
}

/**
 * The status checks of many jobs, in the order of their due times, at one rate. A job is checked when `CheckPlan` says
 * so, and never twice within 5 s. Where more jobs are due than the rate allows, those that are likely to end first are
 * checked first.
 */
export class CheckQueue {
	/** May be replaced while the queue runs. */
	client: VeoClient;
	private readonly jobs = new Map<string, Job>();
	/** The trigger's thousands of jobs have no last check, so they are not looked through at each pause. */
	private readonly withLastCheck = new Set<Job>();
	private readonly waiting = new SortedList<Job>(({ dueMs }) => dueMs);
	private readonly due = new SortedList<Job>(({ endMs }) => endMs);
	private readonly rate: CheckRate;
	private running = 0;
	private pausedUntilMs = -Infinity;
	/** Ends the sleep of `run`. An `AbortController` would make an error with a stack for each sleep. */
	private wake = () => {};
	/** When the timer fires that was set last, in ms since the epoch. */
	private timerMs = Infinity;

	constructor(private readonly rules: QueueRules) {
		this.client = rules.client;
		this.rate = new CheckRate(rules.backoff);
	}

	/** Adds a job; one that is there stays as it is. Its first check comes as soon as it is allowed. */
	add(uuid: string, knowledge: Knowledge, onAnswer: OnAnswer, lastCheck?: LastCheck): void {
		if (this.jobs.has(uuid)) return;
		const { acceptedAtMs, lastCheckMs = -Infinity } = knowledge;
		const { intervalMs, experience } = this.rules;
		const now = Date.now();
		// A row without any check yet says that it was checked when its job was accepted.
		const isNew = acceptedAtMs !== undefined && Math.abs(lastCheckMs - acceptedAtMs) < MAX_NEW_MS;
		const pauseMs = isNew ? intervalMs : MIN_PAUSE_MS;
		const dueMs = Math.max(now, Math.min(now, lastCheckMs) + pauseMs);
		const job: Job = {
			uuid,
			onAnswer,
			lastCheck,
			plan: new CheckPlan(experience, intervalMs, acceptedAtMs),
			lastSentMs: lastCheckMs,
			dueMs,
			endMs: knowledge.endMs ?? dueMs,
			place: 'waiting',
			isHinted: false,
		};
		this.jobs.set(uuid, job);
		if (lastCheck) this.withLastCheck.add(job);
		this.waiting.add(job);
		this.wake();
	}

	/** Returns when the job was last checked; undefined if the queue does not have it. */
	delete(uuid: string): number | undefined {
		const job = this.jobs.get(uuid);
		if (!job) return undefined;
		this.jobs.delete(uuid);
		this.withLastCheck.delete(job);
		this.take(job);
		job.place = 'removed';
		return job.lastSentMs;
	}

	has(uuid: string): boolean {
		return this.jobs.has(uuid);
	}

	/** How many checks are due and wait for the rate. */
	get backlog(): number {
		return this.due.length + this.running;
	}

	/** Checks a job at once, or as soon as its last check is 5 s old. Returns whether the queue has it. */
	hint(uuid: string): boolean {
		const job = this.jobs.get(uuid);
		if (!job) return false;
		job.isHinted = true;
		if (job.place !== 'running') this.schedule(job, job.lastSentMs + MIN_PAUSE_MS, Date.now());
		return true;
	}

	/** Checks a job that the queue does not have. Returns undefined where no check may be sent now. Throws `StoppedError`. */
	async checkNow(uuid: string): Promise<VideoStatus | RequestError | undefined> {
		const pauseMs = Math.max(this.rules.backoff.remainingMs(), this.pausedUntilMs - Date.now());
		return pauseMs > 0 ? undefined : await this.ask(uuid);
	}

	/** Starts no check before `untilMs`. */
	pause(untilMs: number): void {
		this.pausedUntilMs = untilMs;
		this.wake();
	}

	/** Checks jobs until the signal fires. Never rejects. */
	async run(): Promise<void> {
		const { signal } = this.rules;
		onAbort(signal, () => this.wake());
		while (!signal.aborted) {
			const ms = this.remainingMs();
			if (ms <= 0) {
				this.start();
				continue;
			}
			this.endMissed();
			await this.sleepUntilWoken(ms);
		}
	}

	private remainingMs(): number {
		const now = Date.now();
		for (let job = this.waiting.first; job && job.dueMs <= now; job = this.waiting.first) {
			this.take(job);
			job.place = 'due';
			this.due.add(job);
		}
		if (this.running >= MAX_RUNNING) return MAX_IDLE_MS;
		const nextDueMs = (this.waiting.first?.dueMs ?? Infinity) - now;
		if (this.due.length === 0) return nextDueMs;
		return Math.min(nextDueMs, Math.max(this.rate.remainingMs(), this.pausedUntilMs - now));
	}

	/** Ends the jobs whose last check is due but cannot be sent. */
	private endMissed(): void {
		const now = Date.now();
		const isRefused = this.rules.backoff.remainingMs() > 0;
		for (const { uuid, place, lastCheck } of this.withLastCheck) {
			if (place !== 'due' || !lastCheck || lastCheck.atMs > now) continue;
			if (!isRefused && now - lastCheck.atMs < MAX_LATE_MS) continue;
			this.delete(uuid);
			lastCheck.onMissed();
		}
	}

	private async sleepUntilWoken(ms: number): Promise<void> {
		const sleepMs = Math.min(ms, MAX_IDLE_MS);
		const untilMs = Date.now() + sleepMs;
		// A timer that fires no later serves as well.
		if (untilMs < this.timerMs) {
			this.timerMs = untilMs;
			void sleepUnlessAborted(sleepMs).then(() => {
				this.timerMs = Infinity;
				this.wake();
			});
		}
		await new Promise<void>((resolve) => (this.wake = resolve));
	}

	private start(): void {
		const job = this.due.first;
		if (!job) return;
		this.take(job);
		job.place = 'running';
		const { isHinted } = job;
		job.isHinted = false;
		job.lastSentMs = Date.now();
		this.rate.started();
		this.running++;
		void this.check(job, isHinted).finally(() => {
			this.running--;
			this.wake();
		});
	}

	private async check(job: Job, isHinted: boolean): Promise<void> {
		const { signal } = this.rules;
		const sentAtMs = Date.now();
		const answer = await this.ask(job.uuid).catch(() => undefined);
		if (answer === undefined || signal.aborted || job.place === 'removed') return;
		const now = Date.now();

		if (job.onAnswer(answer) === 'done') {
			if (!(answer instanceof RequestError) && isFinal(answer.status)) {
				job.plan.ended(answer, now);
				this.rules.experience.addHinted(isHinted);
			}
			this.delete(job.uuid);
			return;
		}
		const next = job.plan.next(answer instanceof RequestError ? undefined : answer, now);
		const dueMs = job.isHinted ? sentAtMs + MIN_PAUSE_MS : now + next.pauseMs;
		this.schedule(job, dueMs, job.isHinted ? now : next.endMs);
	}

	private async ask(uuid: string): Promise<VideoStatus | RequestError> {
		const sentAtMs = Date.now();
		const answer = await settle(this.client.status(uuid, this.rules.signal));
		const isBusy = this.due.length > 0;
		if (answer instanceof RequestError) this.rate.failed(sentAtMs, answer.outcome, isBusy);
		else this.rate.answered(sentAtMs, isBusy);
		return answer;
	}

	private schedule(job: Job, dueMs: number, endMs: number): void {
		const lastMs = job.lastCheck?.atMs ?? Infinity;
		this.take(job);
		job.dueMs = Math.min(dueMs, lastMs);
		job.endMs = Math.min(endMs, lastMs);
		job.place = 'waiting';
		this.waiting.add(job);
		this.wake();
	}

	/** Takes a job out of its list. */
	private take(job: Job): void {
		if (job.place === 'waiting') this.waiting.delete(job);
		if (job.place === 'due') this.due.delete(job);
	}
}

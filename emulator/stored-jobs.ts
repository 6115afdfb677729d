import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Job } from './jobs';
import type { EmulatorOptions } from './options';

const storedJob = z.object({
	request: z.object({
		generationType: z.enum(['text_to_video', 'image_to_video']),
		prompt: z.string(),
		aspectRatio: z.enum(['auto', '16:9', '9:16']).optional(),
		imageUrl: z.string().optional(),
		imageKey: z.string().optional(),
	}),
	index: z.number(),
	attempt: z.number(),
	fixed: z.object({
		uuid: z.string(),
		acceptedAt: z.number(),
		startsAt: z.number(),
		finalAt: z.number(),
		outcome: z.enum(['completed', 'failed']),
		failureMessage: z.string(),
	}),
});

/** The accepted jobs in a file, one per line. */
export class StoredJobs {
	private readonly path: string;

	constructor(folder: string) {
		this.path = join(folder, 'jobs.jsonl');
	}

	read(options: EmulatorOptions): Job[] {
		const lines = existsSync(this.path) ? readFileSync(this.path, 'utf8').split('\n') : [];
		return lines.filter(Boolean).map((line) => {
			const { request, index, attempt, fixed } = storedJob.parse(JSON.parse(line));
			return Object.assign(new Job(request, index, attempt, options), fixed);
		});
	}

	append(job: Job): void {
		const { request, index, attempt, ...rest } = job;
		const fixed = storedJob.shape.fixed.parse(rest);
		appendFileSync(this.path, `${JSON.stringify({ request, index, attempt, fixed })}\n`);
	}
}

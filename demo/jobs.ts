import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

import type { SavedJob } from '../emulator';
import { runFolder } from './paths';

/** The emulator's jobs, so that links to their videos work after a restart. */
const file = join(runFolder, 'jobs.json');
/** The oldest ones are forgotten. */
const MAX_JOBS = 500;

const savedJob = z.object({
	uuid: z.custom<SavedJob['uuid']>((value) => typeof value === 'string'),
	acceptedAt: z.number(),
	startsAt: z.number(),
	finalAt: z.number(),
	outcome: z.enum(['completed', 'failed']),
	failureMessage: z.string(),
	statusChecks: z.number(),
	fileRequests: z.number(),
	firstToldFinalAt: z.number().optional(),
	request: z.object({
		generationType: z.enum(['text_to_video', 'image_to_video']),
		prompt: z.string(),
		aspectRatio: z.enum(['auto', '16:9', '9:16']).optional(),
		imageUrl: z.string().optional(),
		imageKey: z.string().optional(),
	}),
	index: z.number(),
	attempt: z.number(),
});

export async function readJobs(): Promise<SavedJob[]> {
	const text = await readFile(file, 'utf8').catch(() => '[]');
	return z.array(savedJob).parse(JSON.parse(text));
}

export async function writeJobs(jobs: readonly SavedJob[]): Promise<void> {
	await mkdir(runFolder, { recursive: true });
	await writeFile(file, JSON.stringify(jobs.slice(-MAX_JOBS)));
}

/* `npm start`: a real n8n with this package, and videos made by workflows in it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { main } from '../harness/cli/main';
import { createCommand, wholeNumber } from '../harness/cli/options';
import { step } from '../harness/cli/progress';
import { hasEnded, itemsOf, type Execution } from '../harness/execution';
import { objectOr, optionalString } from '../harness/json';
import { executeButton, submitOnSchedule, textToVideo, whenFinished } from '../harness/templates';
import { pollFor } from '../harness/waitFor';
import { accessText, openDemo, type Demo } from './demo';
import { videosFolder } from './paths';

const EXECUTION_TIMEOUT_MS = 20 * 60_000;
const DELIVERY_TIMEOUT_MS = 150_000;

const { once, port } = createCommand(
	'npm start',
	`Opens a real n8n with this package and makes videos in it.

The videos come from an emulator: no key, no cost. With the environment variable VEO_API_KEY set, they come from the real service, which bills them.`,
)
	.option('--once', 'stop after the first videos, with exit code 0 if they were made')
	.option(
		'--port <number>',
		'the port of n8n (default: 5678, or the next free one)',
		wholeNumber(1, 65_535),
	)
	.parse()
	.opts<{ once?: boolean; port?: number }>();

main(async (staysOpen) => {
	const demo = await openDemo({ port });
	console.log(`  Veo API: ${demo.api.description}`);
	// Start the activation before the first video: the trigger needs some time until its first check.
	const activated = demo.api.bills ? undefined : activateTemplates(demo);
	activated?.catch(() => undefined);
	const isMade = await makeVideo(demo);
	if (once && !isMade) return 1;

	if (!once) staysOpen();
	const isDelivered = activated ? await showTrigger(demo, activated) : skipTrigger();
	if (once) return isDelivered ? 0 : 1;

	console.log(`${accessText(demo)}

Press Ctrl-C to stop. Your changes in n8n are kept in demo/.run. The templates are restored at each start.
`);

	await demo.n8n.ended();
	throw new Error(`n8n has stopped unexpectedly. Its log: ${demo.n8n.logFile}`);
});

function templateId(demo: Demo, name: string): string {
	return demo.workflows.get(name) ?? '';
}

/** Runs the template in n8n, prints the result and saves the video file. Returns whether there is a playable one. */
async function makeVideo(demo: Demo): Promise<boolean> {
	const { client } = demo;
	const startedAt = Date.now();
	const execution = await step(`Running "${textToVideo}" in n8n`, async () => {
		const id = await client.runManually(templateId(demo, textToVideo), executeButton);
		return await client.waitForExecution(id, EXECUTION_TIMEOUT_MS);
	});
	const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
	const item = execution.status === 'success' ? itemsOf(execution, 'Veo')[0] : undefined;
	const file = item?.binary.data;
	if (item === undefined || file === undefined) {
		console.log(`\nNo video was made. ${failureText(execution)}`);
		return false;
	}
	const video = await client.binary(file);
	const { uuid, status, videoUrl } = item.json;
	const path = join(videosFolder, `${String(uuid).replace(/[^\w-]/g, '_')}.mp4`);
	await mkdir(videosFolder, { recursive: true });
	await writeFile(path, video);
	const isPlayable = isMp4(video);
	console.log(`
uuid       ${String(uuid)}
status     ${String(status)}
videoUrl   ${String(videoUrl)}
time       ${seconds} s
execution  ${executionUrl(demo, execution)}
file       ${relative(process.cwd(), path)} (${(video.length / 1024).toFixed(0)} kB${isPlayable ? '' : ', not an MP4 file'})`);
	return isPlayable;
}

async function activateTemplates(demo: Demo): Promise<void> {
	for (const name of [submitOnSchedule, whenFinished]) {
		await demo.client.activateAndWait(templateId(demo, name));
	}
}

/** Does not spend the user's credits without being asked. */
function skipTrigger(): boolean {
	console.log(
		`\nThe trigger is not shown, because its videos would be billed. To see it, publish "${whenFinished}" in n8n ` +
			`and run "${submitOnSchedule}".`,
	);
	return true;
}

/** Submits videos with one workflow and shows that another one starts when each is finished. Returns whether it did. */
async function showTrigger(demo: Demo, activated: Promise<void>): Promise<boolean> {
	const { client } = demo;
	await step(`Activating "${submitOnSchedule}" and "${whenFinished}"`, async () => await activated);
	const submission = await step(`Running "${submitOnSchedule}"`, async () => {
		const id = await client.runManually(templateId(demo, submitOnSchedule), executeButton);
		return await client.waitForExecution(id);
	});
	if (submission.status !== 'success') {
		console.log(`\nNo video was submitted. ${failureText(submission)}`);
		return false;
	}
	const uuids = itemsOf(submission, 'Veo').map(({ json }) => json.uuid);
	const deliveries = await step(
		`Waiting until "${whenFinished}" has started for ${uuids.length} videos`,
		async () => await waitForDeliveries(demo, uuids),
	).catch((error: unknown) => {
		if (!(error instanceof NotDelivered)) throw error;
		console.log(`\n${error.message}`);
	});
	if (!deliveries) return false;
	console.log();
	for (const { uuid, status, execution } of deliveries) {
		console.log(
			`${uuid}  ${status}, execution started ${delayText(demo, uuid, execution)}: ` +
				`${executionUrl(demo, execution)}\n` +
				`  It posted to ${demo.receiver.url}: ${postedMessage(demo, uuid)}`,
		);
	}
	return true;
}

/** The time from the end of a video to the trigger's execution, and what it is made of. */
function delayText({ api }: Demo, uuid: string, { startedAt }: Execution): string {
	const finishedAt = api.finishedAt(uuid) ?? NaN;
	const toldAt = api.toldAt(uuid) ?? NaN;
	const started = Date.parse(startedAt ?? '');
	const seconds = (from: number, to: number) => ((to - from) / 1000).toFixed(1);
	return (
		`${seconds(finishedAt, started)} s later (${seconds(finishedAt, toldAt)} s until the trigger's next check, ` +
		`${seconds(toldAt, started)} s until n8n started it)`
	);
}

function postedMessage({ receiver }: Demo, uuid: string): string {
	const body = receiver.received.map(objectOr).find((one) => one.uuid === uuid);
	return optionalString(body?.message) ?? 'nothing';
}

interface Delivery {
	uuid: string;
	status: string;
	execution: Execution;
}

class NotDelivered extends Error {}

/** The trigger's executions for these videos. Throws `NotDelivered` if they do not start in time. */
async function waitForDeliveries(demo: Demo, uuids: unknown[]): Promise<Delivery[]> {
	const { client } = demo;
	const workflowId = templateId(demo, whenFinished);
	const seen = new Set((await client.executions({ workflowId })).map(({ id }) => id));
	const deliveries: Delivery[] = [];
	let failure = `"${whenFinished}" did not start for each video.`;
	const isComplete = await pollFor(
		async () => {
			for (const { id, status } of await client.executions({ workflowId })) {
				if (seen.has(id) || !hasEnded(status)) continue;
				seen.add(id);
				const execution = await client.execution(id);
				if (status !== 'success') failure = failureText(execution);
				for (const { json } of execution.runs['Veo Trigger']?.[0]?.outputs[0] ?? []) {
					if (!uuids.includes(json.uuid)) continue;
					deliveries.push({ uuid: String(json.uuid), status: String(json.status), execution });
				}
			}
			return deliveries.length >= uuids.length || undefined;
		},
		{ timeoutMs: DELIVERY_TIMEOUT_MS, intervalMs: 500 },
	);
	if (!isComplete) throw new NotDelivered(failure);
	return deliveries;
}

function executionUrl({ n8n }: Demo, { id, workflowId }: Execution): string {
	return `${n8n.url}/workflow/${workflowId}/executions/${id}`;
}

function failureText({ id, status, error }: Execution): string {
	const texts = [error?.message, error?.description].filter((text) => typeof text === 'string');
	return [`Execution ${id} in n8n: ${status}.`, ...texts].join('\n');
}

/** An MP4 file starts with a box of type `ftyp`. */
function isMp4(video: Buffer): boolean {
	return video.subarray(4, 8).toString('latin1') === 'ftyp';
}

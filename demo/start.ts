/* `npm start`: a real n8n with this package, and a video made by a workflow in it. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { openDemo, owner, type Demo } from './demo';
import { hasEnded, itemsOf, type Execution } from '../harness/execution';
import { objectOr, optionalString } from '../harness/json';
import { main } from './main';
import { videosFolder } from '../harness/paths';
import { step } from '../harness/progress';
import {
	activeTemplates,
	executeButton,
	submitOnSchedule,
	textToVideo,
	whenFinished,
} from '../harness/templates';

const help = `Opens a real n8n with this package in it and makes a video.

  npm start                         with the emulator: no key, no cost
  VEO_API_KEY=... npm start         with the real service: a video costs credits
  npm start -- --once               end after the first videos, with exit code 0 if they came out
  npm start -- --port <number>      n8n's port (usually 5678)`;

main(async (staysOpen) => {
	const options = readOptions();
	if (options.help) {
		console.log(help);
		return 0;
	}
	const demo = await openDemo({ port: options.port });
	console.log(`  The API: ${demo.api.words}`);
	// While the first video is being made: the sooner it is on, the sooner n8n polls.
	const switchedOn = demo.api.bills ? undefined : switchOn(demo);
	switchedOn?.catch(() => undefined);
	const made = await makeVideo(demo);
	if (options.once && !made) return 1;

	if (!options.once) {
		console.log(`
n8n is open:  ${demo.n8n.url}/workflow/${templateId(demo, textToVideo)}
e-mail        ${owner.email}
password      ${owner.password}
Ctrl-C ends it. What you do in n8n is kept for the next start (in demo/.run); the templates are put back each time.
`);
		staysOpen();
	}
	const delivered = switchedOn ? await showTrigger(demo, switchedOn) : tellOfTrigger();
	if (options.once) return delivered ? 0 : 1;

	await demo.n8n.ended();
	throw new Error(`n8n has ended by itself. Its log: ${demo.n8n.logFile}`);
});

function readOptions() {
	const { values } = parseArgs({
		options: {
			once: { type: 'boolean', default: false },
			port: { type: 'string' },
			help: { type: 'boolean', default: false },
		},
	});
	const port = values.port === undefined ? undefined : Number(values.port);
	if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
		throw new Error(`--port takes a number from 1 to 65535, not "${values.port}".`);
	}
	return { ...values, port };
}

function templateId(demo: Demo, name: string): string {
	return demo.workflows.get(name) ?? '';
}

/** Runs the template through n8n, says what came of it, and saves the film; whether there is one. */
async function makeVideo(demo: Demo): Promise<boolean> {
	const { client } = demo;
	const startedAt = Date.now();
	const execution = await step(`Running "${textToVideo}" in n8n`, async () => {
		const id = await client.runManually(templateId(demo, textToVideo), executeButton);
		return await client.waitForExecution(id, 20 * 60_000);
	});
	const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
	const item = execution.status === 'success' ? itemsOf(execution, 'Veo')[0] : undefined;
	const file = item?.binary.data;
	if (item === undefined || file === undefined) {
		console.log(`\nNo video came out. ${failureWords(execution)}`);
		return false;
	}
	const film = await client.binary(file);
	const { uuid, status, videoUrl } = item.json;
	const path = join(videosFolder, `${String(uuid).replace(/[^\w-]/g, '_')}.mp4`);
	await mkdir(videosFolder, { recursive: true });
	await writeFile(path, film);
	const playable = isMp4(film);
	console.log(`
uuid      ${String(uuid)}
status    ${String(status)}
videoUrl  ${String(videoUrl)}
elapsed   ${seconds} s, in n8n ${demo.n8n.url}/workflow/${execution.workflowId}/executions/${execution.id}
saved     ${relative(process.cwd(), path)} (${(film.length / 1024).toFixed(0)} kB${playable ? '' : ', but it is no MP4'})`);
	return playable;
}

async function switchOn({ client, workflows }: Demo): Promise<void> {
	for (const name of activeTemplates) await client.activateFully(workflows.get(name) ?? '');
}

/** Nobody's credits are spent unasked. */
function tellOfTrigger(): boolean {
	console.log(
		`\nThe trigger is not shown, for its videos would be billed. To see it, switch on "${whenFinished}" in n8n and run ` +
			`"${submitOnSchedule}".`,
	);
	return true;
}

/** How long the trigger may take: a video, the minute between two polls, and a slow machine. */
const deliveryTimeoutMs = 150_000;

/** Submits videos with one workflow and shows how another one starts when they are finished; whether it did for each. */
async function showTrigger(demo: Demo, switchedOn: Promise<void>): Promise<boolean> {
	const { client } = demo;
	const names = activeTemplates.map((name) => `"${name}"`).join(' and ');
	await step(`Switching on ${names}`, async () => await switchedOn);
	const submission = await step(`Running "${submitOnSchedule}"`, async () => {
		const id = await client.runManually(templateId(demo, submitOnSchedule), executeButton);
		return await client.waitForExecution(id);
	});
	if (submission.status !== 'success') {
		console.log(`\nNo video was submitted. ${failureWords(submission)}`);
		return false;
	}
	const submitted = itemsOf(submission, 'Veo').map(({ json }) => json.uuid);
	const words = `Waiting for "${whenFinished}" to start by itself for ${submitted.length} videos`;
	const deliveries = await step(words, async () => await waitForDeliveries(demo, submitted)).catch(
		(error: unknown) => {
			if (!(error instanceof NotDelivered)) throw error;
			console.log(`\n${error.message}`);
		},
	);
	if (!deliveries) return false;
	console.log();
	for (const { uuid, status, execution } of deliveries) {
		const delayMs = Date.parse(execution.startedAt ?? '') - (demo.api.finishedAt(uuid) ?? NaN);
		console.log(
			`${uuid}  ${status} at the API, its execution started ${(delayMs / 1000).toFixed(1)} s later: ` +
				`${demo.n8n.url}/workflow/${execution.workflowId}/executions/${execution.id}\n` +
				`  It posted to ${demo.receiver.url}: ${postedOf(demo, uuid)}`,
		);
	}
	return true;
}

function postedOf({ receiver }: Demo, uuid: string): string {
	const body = receiver.received.map(objectOr).find((one) => one.uuid === uuid);
	return optionalString(body?.message) ?? 'nothing';
}

interface Delivery {
	uuid: string;
	status: string;
	execution: Execution;
}

class NotDelivered extends Error {}

/** The trigger's executions for these videos. Throws `NotDelivered` where they do not come. */
async function waitForDeliveries(demo: Demo, uuids: unknown[]): Promise<Delivery[]> {
	const { client } = demo;
	const workflowId = templateId(demo, whenFinished);
	const deadline = Date.now() + deliveryTimeoutMs;
	const seen = new Set((await client.executions({ workflowId })).map(({ id }) => id));
	const deliveries: Delivery[] = [];
	let words = `"${whenFinished}" did not start for each video.`;
	while (deliveries.length < uuids.length) {
		if (Date.now() > deadline) throw new NotDelivered(words);
		await sleep(500);
		for (const { id, status } of await client.executions({ workflowId })) {
			if (seen.has(id) || !hasEnded(status)) continue;
			seen.add(id);
			const execution = await client.execution(id);
			if (status !== 'success') words = failureWords(execution);
			for (const { json } of execution.runs['Veo Trigger']?.[0]?.outputs[0] ?? []) {
				if (!uuids.includes(json.uuid)) continue;
				deliveries.push({ uuid: String(json.uuid), status: String(json.status), execution });
			}
		}
	}
	return deliveries;
}

function failureWords({ id, status, error }: Execution): string {
	const said = [error?.message, error?.description].filter((text) => typeof text === 'string');
	return [`Execution ${id} in n8n: ${status}.`, ...said].join('\n');
}

/** Every MP4 begins with a box of type `ftyp`. */
function isMp4(film: Buffer): boolean {
	return film.subarray(4, 8).toString('latin1') === 'ftyp';
}

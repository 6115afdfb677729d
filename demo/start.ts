/* `npm start`: a real n8n with this package, and a video made by a workflow in it. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';

import { openDemo, owner, type Demo } from './lib/demo';
import { textToVideo } from './lib/examples';
import { itemsOf, type Execution } from './lib/execution';
import { main } from './lib/main';
import { videosFolder } from './lib/paths';
import { step } from './lib/progress';

const help = `Opens a real n8n with this package in it and makes a video.

  npm start                         with the emulator: no key, no cost
  VEO_API_KEY=... npm start         with the real service: a video costs credits
  npm start -- --once               end after the first video, with exit code 0 if there is one
  npm start -- --port <number>      n8n's port (usually 5678)`;

main(async (staysOpen) => {
	const options = readOptions();
	if (options.help) {
		console.log(help);
		return 0;
	}
	const demo = await openDemo({ port: options.port });
	console.log(`  The API: ${demo.service}`);
	const made = await makeVideo(demo);
	if (options.once) return made ? 0 : 1;

	console.log(`
n8n is open:  ${demo.n8n.url}/workflow/${exampleId(demo)}
e-mail        ${owner.email}
password      ${owner.password}
Ctrl-C ends it. What you do in n8n is kept for the next start (in demo/.run); the examples are put back each time.`);
	staysOpen();
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

function exampleId(demo: Demo): string {
	return demo.workflows.get(textToVideo) ?? '';
}

/** Runs the example through n8n, says what came of it, and saves the film; whether there is one. */
async function makeVideo(demo: Demo): Promise<boolean> {
	const { client } = demo;
	const startedAt = Date.now();
	const execution = await step(`Running "${textToVideo}" in n8n`, async () => {
		const id = await client.runManually(exampleId(demo), "When clicking 'Execute workflow'");
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

function failureWords({ id, status, error }: Execution): string {
	const said = [error?.message, error?.description].filter((text) => typeof text === 'string');
	return [`Execution ${id} in n8n: ${status}.`, ...said].join('\n');
}

/** Every MP4 begins with a box of type `ftyp`. */
function isMp4(film: Buffer): boolean {
	return film.subarray(4, 8).toString('latin1') === 'ftyp';
}

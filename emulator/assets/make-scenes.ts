/*
 * Renders the scenes of scenes.html to scenes/<name>-<orientation>.mp4. Run by hand: `npx tsx emulator/assets/make-scenes.ts`.
 * Needs Chromium (or CHROMIUM_PATH) and ffmpeg with libx264.
 */
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { chromium } from 'playwright-core';

import { scenes } from '../scenes';

const FRAMES_PER_SECOND = 24;
const FRAMES = 4 * FRAMES_PER_SECOND;
const SIZES = { landscape: [640, 360], portrait: [360, 640] } as const;

async function render(): Promise<void> {
	const browser = await chromium.launch({
		executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
		args: ['--no-sandbox'],
	});
	const page = await browser.newPage();
	await page.goto(pathToFileURL(join(__dirname, 'scenes.html')).href);
	await mkdir(join(__dirname, 'scenes'), { recursive: true });
	for (const scene of scenes) {
		for (const [orientation, [width, height]] of Object.entries(SIZES)) {
			const file = join(__dirname, 'scenes', `${scene}-${orientation}.mp4`);
			const encoder = spawn('ffmpeg', encoderArguments(file), {
				stdio: ['pipe', 'inherit', 'inherit'],
			});
			for (let frame = 0; frame < FRAMES; frame++) {
				const call = `frame('${scene}', ${width}, ${height}, ${frame / FRAMES})`;
				const [, png = ''] = String(await page.evaluate(call)).split(',');
				encoder.stdin.write(Buffer.from(png, 'base64'));
			}
			encoder.stdin.end();
			await once(encoder, 'exit');
		}
	}
	await browser.close();
}

/** No B-frames: packets are copied in the order in which they are shown. */
function encoderArguments(file: string): string[] {
	const input = `-v error -y -f image2pipe -c:v png -framerate ${FRAMES_PER_SECOND} -i -`;
	const video =
		'-c:v libx264 -preset veryslow -tune animation -profile:v high -pix_fmt yuv420p -crf 29 -bf 0 -g 96';
	const container = '-flags +bitexact -fflags +bitexact -map_metadata -1 -movflags +faststart';
	return [...`${input} ${video} ${container}`.split(' '), file];
}

void render();

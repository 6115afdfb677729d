/* Renders scenes.html to the files <scene>-<orientation>.mp4: 4 seconds each, which loop. Run by hand; needs ffmpeg with
 * libx264, and Chromium (its path as the argument). */
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const FRAMES_PER_SECOND = 24;
const FRAMES = 4 * FRAMES_PER_SECOND;
const SIZES = { landscape: [640, 360], portrait: [360, 640] };

const folder = import.meta.dirname;
const browser = await chromium.launch({
	executablePath: process.argv[2] ?? '/usr/bin/chromium',
	args: ['--no-sandbox'],
});
const page = await browser.newPage();
await page.goto(`file://${join(folder, 'scenes.html')}`);
const names = await page.evaluate('scenes.map(({ name }) => name)');

for (const [scene, name] of names.entries()) {
	for (const [orientation, [width, height]] of Object.entries(SIZES)) {
		await page.evaluate(`canvas.width = ${width}; canvas.height = ${height};`);
		const input = `-f image2pipe -framerate ${FRAMES_PER_SECOND} -c:v mjpeg -i -`;
		const codec =
			'-c:v libx264 -preset veryslow -profile:v high -pix_fmt yuv420p -crf 32 -flags +bitexact';
		// No B-frames, so that packets can be copied in order.
		const output = '-bf 0 -g 96 -fflags +bitexact -map_metadata -1 -movflags +faststart';
		const path = join(folder, `${name}-${orientation}.mp4`);
		const options = [...`-v error -y ${input} ${codec} ${output}`.split(' '), path];
		const ffmpeg = spawn('ffmpeg', options, { stdio: ['pipe', 'inherit', 'inherit'] });
		for (let frame = 0; frame < FRAMES; frame += 1) {
			const image = await page.evaluate(
				`draw(${scene}, ${frame / FRAMES}), canvas.toDataURL('image/jpeg', 0.95)`,
			);
			if (!ffmpeg.stdin.write(Buffer.from(image.split(',')[1], 'base64'))) {
				await once(ffmpeg.stdin, 'drain');
			}
		}
		ffmpeg.stdin.end();
		await once(ffmpeg, 'close');
	}
}
await browser.close();

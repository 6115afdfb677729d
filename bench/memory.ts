import { join } from 'node:path';

import { startEmulator } from '../emulator';
import { inTurns } from './lib/inTurns';
import { MB, median, megabytes, noTarget, target } from './lib/numbers';
import type { Figures, Measurement } from './measurement';

const IMAGE_BYTES = 50 * MB;
const MOST_FOR_UPLOAD = 20 * MB;
const VIDEO_BYTES = 500 * MB;
const MOST_FOR_DOWNLOAD = 32 * MB;
const AT_ONCE = 20;
/** Bounded: twice what one may take, where held whole it would be twenty times. */
const MOST_FOR_TWENTY = 2 * MOST_FOR_DOWNLOAD;
const AT_ONCE_BYTES = 100 * MB;
const ROUNDS = 5;

/** What a large file needs of memory on its way through the node. */
export const memory: Measurement = {
	name: 'memory',
	measure: async (say) => {
		const emulator = await startEmulator({ durationMs: 0 });
		const image = { count: 1, bytes: IMAGE_BYTES };
		const video = { count: 1, bytes: VIDEO_BYTES };
		const tasks = [
			{ name: 'uploadFloor', ...image },
			{ name: 'uploadWhole', ...image },
			{ name: 'upload', ...image },
			{ name: 'downloadFloor', ...video },
			{ name: 'downloadWhole', ...video },
			{ name: 'download', ...video },
			{ name: 'download', count: AT_ONCE, bytes: AT_ONCE_BYTES },
		];
		const settings = {
			script: join(__dirname, 'memory.child.ts'),
			emulator,
			tasks,
			warmUp: { count: 1, bytes: 5 * MB },
			rounds: 1,
			say: () => undefined,
		};
		const peaks = tasks.map((): number[] => []);
		try {
			// New processes for each round: what one has taken from the system it keeps, and takes no more the next time.
			for (let round = 1; round <= ROUNDS; round++) {
				say(`round ${round} of ${ROUNDS}`);
				const readings = await inTurns(settings);
				peaks.forEach((own, index) => {
					own.push(...(readings[index] ?? []).map(({ peakBytes }) => peakBytes));
				});
			}
		} finally {
			await emulator.close();
		}
		return [tableOf(peaks.map(median))];
	},
};

function tableOf(peaks: number[]): Figures {
	const [
		uploadFloor = 0,
		uploadWhole = 0,
		upload = 0,
		downloadFloor = 0,
		downloadWhole = 0,
		download = 0,
		twenty = 0,
	] = peaks;
	const row = (words: string, peak: number, limit?: number) => [
		words,
		megabytes(peak),
		...(limit === undefined ? noTarget : target(limit, peak, megabytes)),
	];
	const image = `upload of ${megabytes(IMAGE_BYTES)}`;
	const video = `download of ${megabytes(VIDEO_BYTES)}`;
	const videos = `${AT_ONCE} downloads of ${megabytes(AT_ONCE_BYTES)} at once`;
	return {
		title: 'Memory for large files',
		columns: ['', 'peak', 'target', ''],
		rows: [
			row(`${image}, floor: a bare undici client`, uploadFloor),
			row(`${image}, held whole`, uploadWhole),
			row(`${image}, this node`, upload, MOST_FOR_UPLOAD),
			row(`${video}, floor: a bare undici client`, downloadFloor),
			row(`${video}, held whole`, downloadWhole),
			row(`${video}, this node`, download, MOST_FOR_DOWNLOAD),
			row(`${videos}, this node`, twenty, MOST_FOR_TWENTY),
		],
		notes: [
			`Resident memory at its peak (Linux's \`VmHWM\`), beyond what the process had after a file of 5 MB. Medians of ${ROUNDS}, each in a new process.`,
			'The floor streams from disk and to disk, too. Streams hold little; what shows is mostly what V8 has yet to collect, for it lets some 32 MB of buffers pile up first. So single figures lie anywhere around that, with the floor as with this node, and were lower on a machine that other work kept busy.',
			`n8n-core keeps files on disk, as n8n does by default from 2.0 on. "Held whole" is n8n's HTTP helper with a buffer, as a simple node does it.`,
		],
	};
}

import { join } from 'node:path';

import { startEmulator } from '../emulator';
import { MB, median, megabytes, noTarget, target } from './lib/numbers';
import { measureInRounds } from './lib/rounds';
import type { Figures, Measurement } from './measurement';

const IMAGE_BYTES = 50 * MB;
const MAX_UPLOAD_BYTES = 20 * MB;
const VIDEO_BYTES = 500 * MB;
const MAX_DOWNLOAD_BYTES = 32 * MB;
const PARALLEL = 20;
/** Twice the limit of one download. Buffering whole files would take twenty times as much. */
const MAX_PARALLEL_BYTES = 2 * MAX_DOWNLOAD_BYTES;
const PARALLEL_VIDEO_BYTES = 100 * MB;
const ROUNDS = 5;

/** The memory that large files need on their way through the node. */
export const memory: Measurement = {
	name: 'memory',
	measure: async (log) => {
		const emulator = await startEmulator({ durationMs: 0 });
		const image = { count: 1, bytes: IMAGE_BYTES };
		const video = { count: 1, bytes: VIDEO_BYTES };
		const tasks = [
			{ name: 'uploadBare', ...image },
			{ name: 'uploadWhole', ...image },
			{ name: 'upload', ...image },
			{ name: 'downloadBare', ...video },
			{ name: 'downloadWhole', ...video },
			{ name: 'downloadStreamed', ...video },
			{ name: 'download', ...video },
			{ name: 'download', count: PARALLEL, bytes: PARALLEL_VIDEO_BYTES },
		];
		const settings = {
			script: join(__dirname, 'memory.child.ts'),
			emulator,
			tasks,
			warmUp: { count: 1, bytes: 5 * MB },
			rounds: 1,
			log: () => undefined,
		};
		const peaks = tasks.map((): number[] => []);
		try {
			// New processes for each round: a process keeps the memory it has, so a second run would show no growth.
			for (let round = 1; round <= ROUNDS; round++) {
				log(`round ${round} of ${ROUNDS}`);
				const readings = await measureInRounds(settings);
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
		uploadBare = 0,
		uploadWhole = 0,
		upload = 0,
		downloadBare = 0,
		downloadWhole = 0,
		downloadStreamed = 0,
		download = 0,
		parallel = 0,
	] = peaks;
	const row = (label: string, peak: number, limit?: number) => [
		label,
		megabytes(peak),
		...(limit === undefined ? noTarget : target(limit, peak, megabytes)),
	];
	const image = `upload of ${megabytes(IMAGE_BYTES)}`;
	const video = `download of ${megabytes(VIDEO_BYTES)}`;
	const videos = `${PARALLEL} downloads of ${megabytes(PARALLEL_VIDEO_BYTES)} in parallel`;
	return {
		title: 'Memory for large files',
		columns: ['', 'peak', 'target', ''],
		rows: [
			row(`${image}, lower bound: bare undici client`, uploadBare),
			row(`${image}, whole file in memory`, uploadWhole),
			row(`${image}, this node`, upload, MAX_UPLOAD_BYTES),
			row(`${video}, lower bound: bare undici client`, downloadBare),
			row(`${video}, whole file in memory`, downloadWhole),
			row(`${video}, n8n's helper as a stream, nothing else`, downloadStreamed),
			row(`${video}, this node`, download, MAX_DOWNLOAD_BYTES),
			row(`${videos}, this node`, parallel, MAX_PARALLEL_BYTES),
		],
		notes: [
			`Peak of resident memory (Linux's \`VmHWM\`), above the value after a file of 5 MB. Medians of ${ROUNDS} rounds, each in a new process.`,
			'The bare client streams from disk and to disk too. Streams hold little: most of the peak is garbage, because V8 collects buffers only after about 32 MB. So single figures vary by about that much, and they are lower on a busy machine.',
			`n8n-core stores files on disk, as n8n does by default since 2.0. "Whole file in memory" is n8n's HTTP helper with a buffer, as a simple node uses it.`,
		],
	};
}

import { jsonOf, useN8n, withEmulator } from '../integration/support';
import { toFileStem } from '../../nodes/Veo/shared/fileName';
import { isSafeFileName } from './invariants';
import { fileNameSchema, readLines } from './lines';

useN8n();
const LINES = readLines('fileNames.jsonl', fileNameSchema);

describe('The stem of the file name is safe, or there is none', () => {
	it.each(LINES)('$fileName', ({ fileName }) => {
		const stem = toFileStem(fileName);
		if (stem !== undefined) expect([`${stem}.mp4`, isSafeFileName(`${stem}.mp4`)]).toContain(true);
	});
});

it('gives each file of a run a safe name', async () => {
	await withEmulator({}, async ({ emulator, run }) => {
		const { uuid } = emulator.accept({ generationType: 'text_to_video', prompt: 'A fox' });
		const parameters = {
			operation: 'getStatus',
			uuid,
			downloadVideo: true,
			options: { fileName: '={{ $json.fileName }}' },
		};
		const ran = await run(parameters, { items: LINES.map((json) => ({ json })) });
		expect(jsonOf(ran)).toHaveLength(LINES.length);
		for (const { binary } of ran.outputs.flat()) {
			const name = binary?.data?.fileName ?? '';
			expect([name, isSafeFileName(name)]).toEqual([name, true]);
		}
	});
});

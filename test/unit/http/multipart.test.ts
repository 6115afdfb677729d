import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ReadStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { waitFor } from '../../../harness/waitFor';
import { toMultipart } from '../../../nodes/Veo/http/multipart';
import { isStream } from '../../../nodes/Veo/http/response';

const folder = mkdtempSync(join(tmpdir(), 'veo-multipart-'));
const path = join(folder, 'fox.png');
writeFileSync(path, Buffer.alloc(1000));
afterAll(() => rmSync(folder, { recursive: true }));

async function open(): Promise<{ body: unknown; file: ReadStream }> {
	const file = createReadStream(path);
	const { body } = await toMultipart({
		fileName: 'fox.png',
		mimeType: 'image/png',
		bytes: 1000,
		open: async () => await Promise.resolve(file),
	});
	return { body, file };
}

describe('A streamed upload', () => {
	// A refused connection, or a server that answers before it has read the upload. An unhandled stream error would end n8n.
	it.each([0, 1, 2, 4])('may end after %d turns, before the file has been read', async (turns) => {
		for (let uploads = 0; uploads < 10; uploads++) {
			const { body, file } = await open();
			for (let turn = 0; turn < turns; turn++) await nextTurn();
			if (!isStream(body)) throw new Error('The body is not a stream');
			body.destroy();
			await waitFor('the file to be closed', 5_000, () => file.destroyed || undefined);
		}
	});
});

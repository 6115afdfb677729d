import { Readable } from 'node:stream';
import { DownloadBudget, downloadVideo } from '../../../nodes/Veo/http/download';

const GIGABYTE = 1024 ** 3;
const MP4 = Buffer.concat([Buffer.from('\0\0\0\x18ftypmp42', 'latin1'), Buffer.alloc(100)]);

type Context = Parameters<typeof downloadVideo>[0];

/** A host that sends a small MP4, and n8n's storage that reads it. */
function context(): Context {
	const helpers = {
		httpRequest: async () =>
			await Promise.resolve({ statusCode: 200, headers: {}, body: Readable.from([MP4]) }),
		prepareBinaryData: async (body: Readable) => {
			let bytes = 0;
			for await (const chunk of body) bytes += Buffer.isBuffer(chunk) ? chunk.length : 0;
			return { mimeType: 'video/mp4', data: '', fileSize: String(bytes) };
		},
	};
	return { helpers } as unknown as Context;
}

const download = async (budget: DownloadBudget) =>
	await downloadVideo(context(), 'http://host.invalid/a.mp4', 'uuid', 5_000, budget);

describe('The budget of all tries to download one video', () => {
	it('counts the bytes of each try', async () => {
		const budget = new DownloadBudget();
		expect(await download(budget)).toMatchObject({ mimeType: 'video/mp4' });
		expect(await download(budget)).toMatchObject({ mimeType: 'video/mp4' });
		expect(budget.bytes).toBe(2 * MP4.length);
	});

	it('ends the try that passes 2 GB', async () => {
		const budget = new DownloadBudget();
		budget.bytes = 2 * GIGABYTE - 10;
		expect(await download(budget)).toEqual({ name: 'tooLarge' });
	});

	it('has 30 minutes', () => {
		jest.useFakeTimers();
		const budget = new DownloadBudget();
		jest.advanceTimersByTime(29 * 60_000);
		expect(budget.remainingMs()).toBe(60_000);
		jest.advanceTimersByTime(2 * 60_000);
		expect(budget.remainingMs()).toBe(0);
		jest.useRealTimers();
	});
});

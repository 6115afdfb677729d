import { VeoClient } from '../../../nodes/Veo/api/client';
import { StoppedError } from '../../../nodes/Veo/errors/VeoError';
import { attachVideo } from '../../../nodes/Veo/shared/attachVideo';
import { toItem } from '../../../nodes/Veo/trigger/toItem';
import { rejectionOf } from '../fakes';
import { fakeContext, urlOf } from './fakes';

jest.mock('../../../nodes/Veo/shared/attachVideo');

const attach = jest.mocked(attachVideo);
const { context } = fakeContext();
const client = new VeoClient(async () => await Promise.resolve({ noAnswer: 'refused' }));
const { signal } = new AbortController();
const FILE = { field: 'clip', fileName: 'fox' };
const JOB = { prompt: 'A fox', videoUrl: urlOf('v-1'), status: 'completed', uuid: 'v-1' };

const itemOf = async (job: typeof JOB, file?: typeof FILE) =>
	await toItem(context, job, file, client, signal);

beforeEach(() => attach.mockReset());

describe('The item of a finished job', () => {
	it('begins with what users look for first', async () => {
		const { json, binary } = await itemOf(JOB);
		expect(Object.entries(json)).toEqual([
			['uuid', 'v-1'],
			['status', 'completed'],
			['videoUrl', urlOf('v-1')],
			['prompt', 'A fox'],
		]);
		expect(binary).toBeUndefined();
		expect(attach).not.toHaveBeenCalled();
	});

	it('has the file, and the URL from which it came, where the user wants it', async () => {
		const binary = { clip: { mimeType: 'video/mp4', data: '' } };
		attach.mockResolvedValue({ videoUrl: urlOf('fresh'), binary });
		expect(await itemOf(JOB, FILE)).toEqual({
			json: { ...JOB, videoUrl: urlOf('fresh') },
			binary,
		});
		const rules = { ...FILE, client, requestTimeoutMs: 20_000, signal };
		expect(attach.mock.calls).toEqual([[context, JOB, rules]]);
	});

	it('has no file where the video failed', async () => {
		const job = { ...JOB, status: 'failed' };
		expect(await itemOf(job, FILE)).toEqual({ json: job });
		expect(attach).not.toHaveBeenCalled();
	});

	it('says why it has no file where the download failed', async () => {
		attach.mockRejectedValue(new Error('The host is away'));
		expect(await itemOf(JOB, FILE)).toEqual({
			json: { ...JOB, downloadHint: 'The host is away' },
		});
	});

	it('is not made where the trigger is stopped during the download', async () => {
		attach.mockRejectedValue(new StoppedError());
		expect(await rejectionOf(itemOf(JOB, FILE))).toBeInstanceOf(StoppedError);
	});
});

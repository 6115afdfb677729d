import { type Emulator, startEmulator } from '../../emulator';
import { type Credentials, runNode, startN8n } from './n8n';

let emulator: Emulator;
let n8n: Awaited<ReturnType<typeof startN8n>>;
let credentials: Credentials;

beforeAll(async () => {
	n8n = await startN8n();
	emulator = await startEmulator();
	credentials = { veoApi: { apiKey: 'veo-emulator-key', baseUrl: emulator.url } };
});

afterAll(async () => {
	await emulator.close();
	n8n.close();
});

beforeEach(() => emulator.reset({ durationMs: 1000 }));

describe('Generate', () => {
	it('gives the answer of the API for each item, paired with it', async () => {
		const { outputs, error } = await runNode({
			parameters: { operation: 'generate', prompt: '={{ $json.prompt }}', aspectRatio: '16:9' },
			items: [{ json: { prompt: 'one' } }, { json: { prompt: 'two' } }],
			credentials,
		});

		expect(error).toBeUndefined();
		expect(outputs).toEqual([
			[0, 1].map((item) => ({
				json: {
					uuid: emulator.jobs[item]?.uuid,
					status: 'pending',
					generationType: 'text_to_video',
					prompt: ['one', 'two'][item],
					aspectRatio: '16:9',
					createdAt: expect.any(String) as string,
				},
				pairedItem: { item },
			})),
		]);
	});
});

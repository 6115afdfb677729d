import { objectOr } from '../../../harness/json';
import { type ApiName, StandIn } from '../../../bench/peers/standIn';

let standIn: StandIn;

beforeAll(async () => {
	standIn = await StandIn.start({
		plain: { bytes: 100_000 },
		slow: { durationMs: () => 60_000 },
		refused: { refused: 2 },
		uncheckable: { uncheckable: 2 },
	});
});

afterAll(async () => {
	await standIn.close();
});

const json = (body: object) => ({
	body: JSON.stringify(body),
	headers: { 'content-type': 'application/json' },
});

function form(prompt: string) {
	const body = new FormData();
	body.append('prompt', prompt);
	return { body };
}

interface Api {
	name: ApiName;
	submit: (prompt: string) => [path: string, init: RequestInit];
	statusPath: (answer: string) => string;
}

const found = (pattern: RegExp, answer: string) => pattern.exec(answer)?.[1] ?? '';

const APIS: Api[] = [
	{
		name: 'veo',
		submit: (prompt) => ['/generate-video', json({ prompt })],
		statusPath: (answer) => `/video-status/${found(/"uuid":"([^"]+)"/, answer)}`,
	},
	{
		name: 'openai',
		submit: (prompt) => ['/videos', form(prompt)],
		statusPath: (answer) => `/videos/${found(/"id":"([^"]+)"/, answer)}`,
	},
	{
		name: 'gemini',
		submit: (prompt) => [
			'/v1beta/models/veo:predictLongRunning',
			json({ instances: [{ prompt }] }),
		],
		statusPath: (answer) => `/v1beta/${found(/"name":"([^"]+)"/, answer)}`,
	},
	{
		name: 'minimax',
		submit: (text) => ['/v2/video_generation', json({ content: [{ type: 'text', text }] })],
		statusPath: (answer) => `/v2/query/video_generation/${found(/"task_id":"([^"]+)"/, answer)}`,
	},
];

describe.each(APIS)('the stand-in for $name', ({ name, submit, statusPath }) => {
	// MiniMax's node replaces the version in the base URL.
	const url = (path: string) => standIn.baseUrl(name).replace('minimax/v1', 'minimax') + path;
	const send = async (prompt: string) => {
		const [path, init] = submit(prompt);
		return await fetch(url(path), { method: 'POST', ...init });
	};
	const check = async (answer: string) => await fetch(url(statusPath(answer)));

	it('makes a video', async () => {
		const status = await check(await (await send('plain: Video 0')).text());
		const answer = await status.text();
		const job = standIn.jobs(name, 'plain')[0];
		expect(job?.checkedAt).toHaveLength(1);
		const address = found(/"(http[^"]+)"/, answer) || `${url(`/videos/${job?.id}`)}/content`;
		const file = Buffer.from(await (await fetch(address)).arrayBuffer());
		expect(file).toHaveLength(100_000);
		expect(file.toString('latin1', 4, 8)).toBe('ftyp');
		expect(job?.sentBytes).toBe(100_000);
	});

	it('says that a job is not finished', async () => {
		const status = await check(await (await send('slow: Video 0')).text());
		expect(status.status).toBe(200);
		expect(JSON.stringify(objectOr(await status.json()))).not.toMatch(/complete|succe|"done"|http/);
	});

	it('refuses one submission, which creates no job', async () => {
		expect((await send('refused: Video 2')).status).toBe(429);
		expect((await send('refused: Video 1')).status).toBe(200);
		expect((await send('refused: Video 2')).status).toBe(200);
		expect(standIn.jobs(name, 'refused')).toHaveLength(2);
	});

	it('fails one status check', async () => {
		const first = await (await send('uncheckable: Video 2')).text();
		expect((await check(first)).status).toBe(502);
		expect((await check(first)).status).toBe(200);
		const second = await (await send('uncheckable: Video 2')).text();
		expect((await check(second)).status).toBe(200);
	});
});

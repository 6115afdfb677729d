import type { GenerateRequest } from '../../emulator';
import { itemsOf, type Execution } from '../../harness/execution';
import type { JsonObject } from '../../harness/json';
import { dashboard, dashboardPath, executeButton, jobTableName } from '../../harness/templates';
import { waitFor } from '../../harness/waitFor';
import { againFailed, authorization, parked, serviceWebhook, Templates } from './importedTemplates';

const video: GenerateRequest = { generationType: 'text_to_video', prompt: 'A moth circles a lamp' };

let templates: Templates;

beforeAll(async () => {
	templates = await Templates.start({ durationMs: 4_000 });
});

afterAll(async () => {
	await templates.close();
});

beforeEach(() => {
	templates.harness.emulator.reset();
});

/** Replaces the rows of the job table. */
async function putRows(...data: JsonObject[]): Promise<void> {
	const { client } = templates.harness;
	const id = (await client.dataTables()).get(jobTableName);
	const all = { type: 'and', filters: [{ columnName: 'id', condition: 'gt', value: 0 }] };
	const query = new URLSearchParams({ filter: JSON.stringify(all) });
	await client.api('DELETE', `/data-tables/${id}/rows/delete?${query.toString()}`);
	if (data.length > 0) await client.api('POST', `/data-tables/${id}/rows`, { data });
}

describe(parked, () => {
	it('is in the database while it waits, survives a crash of n8n, and pays once', async () => {
		const { client, emulator, n8n } = templates.harness;
		const id = await client.runManually(templates.id(parked), executeButton);
		await waitFor('the execution to wait', 30_000, async () => {
			const [execution] = await client.executions({ workflowId: templates.id(parked) });
			return execution?.status === 'waiting' || undefined;
		});
		await n8n.kill();
		await n8n.start();

		const execution = await client.waitForExecution(id, 200_000);
		expect(execution.status).toBe('success');
		const [item] = itemsOf(execution, 'Use the video');
		expect(item?.json).toMatchObject({ uuid: emulator.jobs[0]?.uuid, status: 'completed' });
		expect(item?.binary.data?.mimeType).toBe('video/mp4');
		expect(emulator.count('generate')).toBe(1);
	}, 300_000);
});

describe(againFailed, () => {
	it('makes each failed video again once, however often it runs', async () => {
		const { emulator } = templates.harness;
		await putRows(
			{ uuid: 'failed-text', status: 'failed', ...video, aspectRatio: '9:16' },
			{
				uuid: 'failed-image',
				status: 'failed',
				generationType: 'image_to_video',
				prompt: 'It moves',
				imageUrl: 'https://example.com/image.png',
			},
			{ uuid: 'fine', status: 'completed', ...video },
			{ uuid: 'twice', status: 'failed', ...video, idempotencyKey: 'again-older' },
		);
		const first = itemsOf(await templates.run(againFailed), 'Veo');
		expect(emulator.jobs.map(({ request }) => request)).toEqual([
			{ ...video, aspectRatio: '9:16' },
			{
				generationType: 'image_to_video',
				prompt: 'It moves',
				aspectRatio: 'auto',
				imageUrl: 'https://example.com/image.png',
			},
		]);
		const second = itemsOf(await templates.run(againFailed), 'Veo');
		const uuids = emulator.jobs.map(({ uuid }) => uuid);
		expect(first.map(({ json }) => json.uuid)).toEqual(uuids);
		expect(second.map(({ json }) => json.uuid)).toEqual(uuids);
		expect(emulator.count('generate')).toBe(2);
	});
});

describe(serviceWebhook, () => {
	const call = async (body: JsonObject) => await templates.post('webhook/veo-callback', body);

	/** Calls the webhook, and returns the execution that this starts. */
	async function executionOf(body: JsonObject): Promise<Execution> {
		const before = (await templates.ended(serviceWebhook, 'success')).length;
		expect((await call(body)).status).toBe(200);
		return await waitFor('the execution', 30_000, async () => {
			const executions = await templates.ended(serviceWebhook, 'success');
			return executions.length > before ? executions[0] : undefined;
		});
	}

	it('asks for a password', async () => {
		await templates.activate(serviceWebhook);
		const url = `${templates.harness.n8n.url}/webhook/veo-callback`;
		expect((await fetch(url, { method: 'POST' })).status).toBe(401);
	});

	it('takes only the uuid from the call, and goes on once with the answer of the API', async () => {
		const { emulator } = templates.harness;
		emulator.options.durationMs = 0;
		const { uuid } = emulator.accept(video);
		const forged = { status: 'failed', videoUrl: 'https://example.org/forged.mp4' };
		const execution = await executionOf({ ...forged, uuid });
		const [item] = itemsOf(execution, 'Use the video');
		expect(item?.json).toMatchObject({
			uuid,
			status: 'completed',
			videoUrl: `${emulator.origin}/videos/${uuid}.mp4`,
		});
		const repeated = await executionOf({ data: { uuid } });
		expect(Object.keys(repeated.runs)).toContain('Once');
		expect(Object.keys(repeated.runs)).not.toContain('Use the video');
	});

	it('does not go on with a video that is still being made, or that nobody knows', async () => {
		const { emulator } = templates.harness;
		emulator.options.durationMs = 60_000;
		const { uuid } = emulator.accept(video);
		const early = await executionOf({
			uuid,
			status: 'completed',
			videoUrl: 'https://example.org/',
		});
		expect(Object.keys(early.runs)).toContain('Finished?');
		expect(Object.keys(early.runs)).not.toContain('Once');

		expect(Object.keys((await executionOf({ uuid: 'unknown' })).runs)).toContain('Not found');
		const { length } = emulator.requests;
		for (const body of [{}, { uuid: '../x' }, { uuid: { $ne: 1 } }, { uuid: 'x'.repeat(201) }]) {
			expect(Object.keys((await executionOf(body)).runs)).not.toContain('Get the status');
		}
		expect(emulator.requests).toHaveLength(length);
	});
});

describe(dashboard, () => {
	const url = () => `${templates.harness.n8n.url}/${dashboardPath}`;

	async function page(): Promise<string> {
		const response = await fetch(url(), { headers: { authorization } });
		expect(response.status).toBe(200);
		expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
		return await response.text();
	}

	beforeAll(async () => {
		await templates.activate(dashboard);
	});

	it('asks for a password, and only reads', async () => {
		const closed = await fetch(url());
		expect(closed.status).toBe(401);
		expect(closed.headers.get('www-authenticate')).toMatch(/^Basic/);
		expect((await templates.post(dashboardPath, {})).status).toBe(404);
	});

	it('shows players, status, progress and the videos of each day', async () => {
		await putRows(
			{
				...video,
				uuid: 'a',
				status: 'completed',
				videoUrl: 'https://example.com/a%20b.mp4?c=1&d=2',
				submittedAt: '2026-05-04T10:00:00.000Z',
			},
			{
				...video,
				uuid: 'b',
				status: 'processing',
				progress: 42,
				submittedAt: '2026-05-05T10:00:00.000Z',
			},
			{
				...video,
				uuid: 'c',
				status: 'failed',
				errorMessage: 'Too dark',
				submittedAt: '2026-05-05T11:00:00.000Z',
			},
		);
		const html = await page();
		expect(html).toContain(
			'<video controls loop muted preload="metadata" src="https://example.com/a%20b.mp4?c=1&#38;d=2#t=1">',
		);
		expect(html).toContain('<progress max="100" value="42">');
		expect(html).toContain('Too dark');
		expect(html).toMatch(/<b>1<\/b><i [^>]*><\/i>05-04<\/li><li><b>2<\/b><i [^>]*><\/i>05-05/);
		expect(html).toContain('<li><b>1</b>completed</li>');
	});

	it('escapes all texts, and makes links of web addresses only', async () => {
		const markup = `"'><script>alert(1)</script><iframe src=x onload=alert(1)>`;
		const hostile = { prompt: markup, errorMessage: markup, aspectRatio: markup, uuid: markup };
		await putRows(
			{ ...hostile, status: markup },
			...[
				`https://example.com/"onerror="alert(1)`,
				'javascript:alert(1)',
				'data:text/html,<script>alert(1)</script>',
				`https://example.com/ '><script>alert(1)</script>`,
			].map((videoUrl) => ({ ...hostile, status: 'completed', videoUrl })),
			{ ...hostile, status: 'processing', progress: -5 },
		);
		const html = await page();
		const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html) ?? [];
		expect(policy).toMatch(/^default-src 'none'; media-src http: https:;/);
		expect(html.match(/<script/g)).toEqual(['<script']);
		expect(html).not.toMatch(/<iframe|src="(javascript|data):|"onerror/);
		expect([...html.matchAll(/<video[^>]* src="([^"]*)"/g)].map(([, src]) => src)).toEqual([
			'https://example.com/%22onerror=%22alert(1)#t=1',
		]);
	});

	it('says that there are no rows, or no table', async () => {
		await putRows();
		expect(await page()).toContain('The job table has no rows yet.');
		const { client } = templates.harness;
		const id = (await client.dataTables()).get(jobTableName);
		await client.api('DELETE', `/data-tables/${id}`);
		expect(await page()).toContain('The job table could not be read');
	});
});

import { itemsOf, type Execution, type Item } from '../../harness/execution';
import { arrayOr, objectOr, requiredString, type JsonObject } from '../../harness/json';
import { waitFor } from '../../harness/waitFor';
import { packageName } from '../../harness/paths';
import {
	dashboard,
	executeButton,
	submitOnSchedule,
	textToVideo,
	whenFinished,
} from '../../harness/templates';
import { FIRST_CHECK_MS } from '../../harness/jobTables';
import type { FaultAction } from '../../emulator';
import { Templates, uuidIn } from './importedTemplates';

// The smallest PNG there is: one pixel.
const png = Buffer.from(
	'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
	'base64',
);

const imageFile = 'Image file to video';
const spreadsheet = 'Videos from a spreadsheet';
const addByHand = 'Add a video to the job table by hand';
const service = 'Video service';
const agent = 'AI agent that makes videos';
const waiting = 'Wait without holding an execution';
const failedAgain = 'Make failed videos again';
const callback = 'Webhook from the service';
const callbackPath = 'video-is-finished';

/** Would be part of a page, or leave an attribute of it, if it were not escaped. */
const hostile = `"><iframe src='https://evil.example/'></iframe>&<script>alert(1)</script>`;

const like = (pattern: RegExp): unknown => expect.stringMatching(pattern);

/** Somebody in two of the templates' sample prompts, and whatever says so itself. */
const cannotBeMade = (prompt: string) => /barista|juggler|fails/i.test(prompt);
const reason = 'The hands came out wrong';

let templates: Templates;

beforeAll(async () => {
	templates = await Templates.start({
		durationMs: 4_000,
		outcome: ({ prompt }) => (cannotBeMade(prompt) ? 'failed' : 'completed'),
		failureMessage: reason,
	});
});

afterAll(async () => {
	await templates.close();
});

const jobsOf = (wanted: (prompt: string) => boolean) =>
	templates.harness.emulator.jobs.filter(({ request }) => wanted(request.prompt));

const jobOf = (prompt: string) => {
	const [job, ...others] = jobsOf((one) => one === prompt);
	expect(others).toEqual([]);
	return job;
};

it('are all tried here, but for the agent, which has a test of its own', () => {
	expect([...templates.names].sort()).toEqual(
		[
			addByHand,
			agent,
			callback,
			dashboard.name,
			failedAgain,
			imageFile,
			service,
			spreadsheet,
			submitOnSchedule,
			textToVideo,
			waiting,
			whenFinished,
		].sort(),
	);
});

it('have no node of n8n that it does not know in that version', async () => {
	const nodes = (await Promise.all(templates.names.map((name) => templates.nodes(name)))).flat();
	const nodeInfos = nodes
		.map(({ type, typeVersion }) => ({ name: String(type), version: typeVersion }))
		.filter(({ name }) => !name.startsWith(packageName));
	// It answers with the nodes' descriptions, or refuses.
	const known = await templates.harness.client.rest('POST', '/node-types', { nodeInfos });
	const versions = arrayOr(known).map((description) => [objectOr(description).version].flat());
	for (const [index, { version }] of nodeInfos.entries()) {
		expect(versions[index]).toContain(version);
	}
});

describe(textToVideo, () => {
	it('makes a video and attaches the video file', async () => {
		const [item] = itemsOf(await templates.run(textToVideo), 'Veo');
		expect(item?.json.status).toBe('completed');
		expect(item?.binary.data?.mimeType).toBe('video/mp4');
	});
});

describe(imageFile, () => {
	/** Submits the form as a browser does, waits, and gives the page that is shown at the end. */
	async function submit(what: string): Promise<string> {
		const form = new FormData();
		form.append('field-0', new Blob([png], { type: 'image/png' }), 'pixel.png');
		form.append('field-1', what);
		form.append('field-2', '9:16');
		const { client } = templates.harness;
		const workflowId = templates.id(imageFile);
		const response = await templates.post('form/image-to-video', form);
		const page = requiredString(await response.json(), 'formWaitingUrl');
		await waitFor('the last page', 60_000, async () => {
			const [execution] = await client.executions({ workflowId });
			return execution?.status === 'waiting' ? true : undefined;
		});
		const html = await (await fetch(page)).text();
		// The page itself does so once it is shown.
		await fetch(page, { method: 'POST' });
		return html;
	}

	it('asks for a password, and the aspect ratio is preselected', async () => {
		await templates.activate(imageFile);
		const body = new FormData();
		body.append('field-1', 'The pixel dances');
		expect(await templates.isClosed('form/image-to-video', {})).toBe(true);
		expect(await templates.isClosed('form/image-to-video', { method: 'POST', body })).toBe(true);
		const form = await (await templates.request('form/image-to-video')).text();
		expect(form).toMatch(/<option value='auto' selected/);
	});

	it('shows what a hostile service answers as text', async () => {
		const { emulator } = templates.harness;
		const videoUrl = `${emulator.origin}/${hostile}`;
		emulator.options.faults = [
			{ on: 'status', jobStatus: 'completed', do: { type: 'alter', data: { videoUrl } } },
		];
		const html = await submit('The pixel meets a hostile service');
		emulator.options.faults = [];
		expect(html).toContain('Your video is ready');
		expect(html).not.toMatch(/<iframe|<script>alert/);

		emulator.options.failureMessage = hostile;
		const sorry = await submit('The pixel fails because of a hostile service');
		emulator.options.failureMessage = reason;
		expect(sorry).toContain('There is no video');
		expect(sorry).toContain('&lt;iframe');
		expect(sorry).not.toMatch(/<iframe|<script>alert/);
	});

	it('makes a video of a file, and shows it on the page, or says why there is none', async () => {
		await templates.activate(imageFile);
		const html = await submit('The pixel dances');
		const job = jobOf('The pixel dances');
		expect(html).toContain('Your video is ready');
		expect(html).toContain(`src="${templates.harness.emulator.origin}/videos/${job?.uuid}.mp4"`);
		expect(job?.request).toMatchObject({ generationType: 'image_to_video', aspectRatio: '9:16' });
		const stored = await fetch(String(job?.request.imageUrl));
		expect(Buffer.from(await stored.arrayBuffer()).equals(png)).toBe(true);

		const sorry = await submit('The pixel fails');
		expect(sorry).toContain('There is no video');
		expect(sorry).toContain(reason);
	});
});

describe(spreadsheet, () => {
	/** The report's fields, and the lines of the spreadsheet that comes with it. */
	async function reportOf(execution: Execution): Promise<{ json: JsonObject; lines: string[] }> {
		const [item] = itemsOf(execution, 'Report');
		const file = item?.binary.data;
		if (item === undefined || file === undefined) throw new Error('There is no report');
		const text = (await templates.harness.client.binary(file)).toString().replace('\uFEFF', '');
		return { json: item.json, lines: text.trim().split('\n') };
	}

	it('makes a video for each row, and reports what failed and why', async () => {
		const before = templates.harness.emulator.jobs.length;
		const { json, lines } = await reportOf(await templates.run(spreadsheet));

		const juggler = jobsOf((prompt) => prompt.startsWith('A juggler'))[0];
		expect(json.summary).toBe('4 of 6 videos are finished, 2 are not.');
		expect(json.failed).toEqual([
			expect.objectContaining({
				name: 'Poster',
				uuid: '',
				problem: like(/'Aspect Ratio' is "1:1".*Use one of: auto, 16:9, 9:16/),
			}),
			expect.objectContaining({
				name: 'Juggler',
				uuid: juggler?.uuid,
				problem: like(new RegExp(reason)),
			}),
		]);
		expect(lines[0]).toBe('name,status,videoUrl,uuid,problem');
		expect(lines).toHaveLength(1 + 6);
		// Nothing was paid for the row that the API would not have taken.
		expect(templates.harness.emulator.jobs.length - before).toBe(5);
		expect(jobsOf((prompt) => prompt.startsWith('A poster'))).toEqual([]);
	});

	it.each([
		['a CSV file', '', 'A snail crosses a leaf'],
		['a CSV file of Excel, which begins with a BOM', '\uFEFF', 'A snail crosses a street'],
	])('takes %s from somebody who knows the password', async (_, start, prompt) => {
		const uploads = async () => {
			const executions = await templates.ended(spreadsheet, 'success');
			return executions.filter(({ mode }) => mode === 'webhook');
		};
		await templates.activate(spreadsheet);
		const path = 'form/videos-from-a-spreadsheet';
		const csv = `${start}name,prompt,aspectRatio\nSnail,${prompt},9:16\n`;
		const form = new FormData();
		form.append('field-0', new Blob([csv], { type: 'text/csv' }), 'mine.csv');
		expect(await templates.isClosed(path, { method: 'POST', body: form })).toBe(true);
		const before = (await uploads()).length;
		expect((await templates.post(path, form)).status).toBe(200);

		const execution = await waitFor('the report', 60_000, async () => {
			const [newest, ...older] = await uploads();
			return older.length === before ? newest : undefined;
		});
		const { json, lines } = await reportOf(execution);
		expect(json).toEqual({ summary: '1 of 1 videos are finished, 0 are not.', failed: [] });
		expect(lines[1]).toMatch(/^Snail,completed,/);
		expect(jobOf(prompt)?.request.aspectRatio).toBe('9:16');
	});
});

describe('the job table', () => {
	/** What the trigger has started its workflow with, once that is so many items. */
	const delivered = async (count: number): Promise<Item[]> =>
		await waitFor(`${count} deliveries`, 60_000, async () => {
			const executions = await templates.ended(whenFinished, 'success');
			const items = executions.flatMap((one) => itemsOf(one, 'Veo Trigger'));
			return items.length >= count ? items : undefined;
		});

	it('is filled by a schedule and by hand, and each result is posted onwards once', async () => {
		await templates.activate(whenFinished);
		await templates.activate(submitOnSchedule);
		const before = templates.harness.emulator.jobs.length;
		const submitted = itemsOf(await templates.run(submitOnSchedule), 'Veo');
		expect(submitted.map(({ json }) => json.status)).toEqual(['pending', 'pending']);
		const [byHand] = itemsOf(await templates.run(addByHand), 'Veo');

		const videos = [...submitted, ...(byHand ? [byHand] : [])].map(({ json }) => json);
		for (const { uuid, prompt } of videos) {
			const news = await templates.posted(String(uuid));
			// Of the row that was made by hand the table knows no more than the ID.
			const known = uuid === byHand?.json.uuid ? uuid : prompt;
			const failed = cannotBeMade(String(prompt));
			expect(news.status).toBe(failed ? 'failed' : 'completed');
			expect(news.message).toBe(
				`The video "${String(known)}" ` +
					(failed ? `could not be made: ${reason}` : `is ready: ${String(news.videoUrl)}`),
			);
		}
		expect((await delivered(videos.length)).map(({ json }) => json.uuid).sort()).toEqual(
			videos.map(({ uuid }) => uuid).sort(),
		);
		// Only what was submitted here, and once each: the schedule is for later.
		expect(templates.harness.emulator.jobs.length - before).toBe(3);
		expect(templates.receiver.received).toHaveLength(3);
	}, 240_000);
});

describe(service, () => {
	const ask = async (body: object) => await templates.post('webhook/make-a-video', body);
	const answerOf = async (response: Response) => objectOr(await response.json());

	beforeAll(async () => {
		await templates.run(service);
		await templates.activate(service);
	});

	it.each<[string, JsonObject, RegExp]>([
		['nothing', {}, /'prompt' .* 'callbackUrl'/],
		['a blank prompt', { prompt: ' ' }, /'prompt'/],
		['no such aspect ratio', { prompt: 'A moth', aspectRatio: '1:1' }, /'aspectRatio'/],
		['no web address', { prompt: 'A moth', callbackUrl: 'localhost' }, /'callbackUrl'/],
		...[
			'http://169.254.169.254/latest/meta-data/',
			'http://localhost:5678/api/v1/users',
			'https://example.com/your-webhook@evil.example/',
			'https://evil.example/?https://example.com/your-webhook',
			hostile,
		].map((callbackUrl): [string, JsonObject, RegExp] => [
			callbackUrl,
			{ prompt: 'A moth', callbackUrl },
			/'callbackUrl' has to be an address that this service may post to/,
		]),
		[
			'a list',
			{ prompt: 'A moth', callbackUrl: ['https://example.com/your-webhook'] },
			/'callbackUrl'/,
		],
	])('says what is wrong with %s, and pays nothing', async (_, body, words) => {
		const before = templates.harness.emulator.count('generate');
		const response = await ask(body);
		expect(response.status).toBe(400);
		expect((await answerOf(response)).message).toMatch(words);
		expect(templates.harness.emulator.count('generate')).toBe(before);
	});

	it('asks for a password', async () => {
		expect(await templates.isClosed('webhook/make-a-video', { method: 'POST' })).toBe(true);
	});

	it('says why a video could not be submitted', async () => {
		const { emulator } = templates.harness;
		const { credits } = emulator;
		emulator.credits = 1;
		const response = await ask({ prompt: 'A moth', callbackUrl: templates.receiver.url });
		emulator.credits = credits;
		expect(response.status).toBe(502);
		expect((await answerOf(response)).message).toContain('Not enough credits');
	});

	it('answers at once, and posts each result to its caller', async () => {
		const callbackUrl = templates.receiver.url;
		const [good, bad] = await Promise.all([
			ask({ prompt: 'A moth circles a lamp', aspectRatio: '16:9', callbackUrl }),
			ask({ prompt: 'A moth fails to land', callbackUrl }),
		]);
		expect([good, bad].map(({ status }) => status)).toEqual([202, 202]);
		const [goodUuid, badUuid] = [await uuidIn(good), await uuidIn(bad)];
		expect(goodUuid).toBe(jobOf('A moth circles a lamp')?.uuid);

		const finished = await templates.posted(goodUuid);
		expect(finished).toMatchObject({
			status: 'completed',
			prompt: 'A moth circles a lamp',
			errorMessage: null,
		});
		expect((await fetch(String(finished.videoUrl))).headers.get('content-type')).toBe('video/mp4');
		expect(await templates.posted(badUuid)).toMatchObject({
			status: 'failed',
			errorMessage: reason,
		});
	}, 240_000);

	it('posts what the API says about the video, also if somebody else wrote to its row', async () => {
		const { client, emulator } = templates.harness;
		const callbackUrl = templates.receiver.url;
		const uuid = await uuidIn(await ask({ prompt: 'A moth rests', callbackUrl }));
		const table = (await client.dataTables()).get('veo_service_jobs');
		const filters = [{ columnName: 'uuid', condition: 'eq', value: uuid }];
		const finishedAt = new Date().toISOString();
		const data = { status: 'failed', videoUrl: 'https://evil.example/', finishedAt };
		await client.api('PATCH', `/data-tables/${table}/rows/update`, {
			filter: { type: 'and', filters },
			data,
		});
		expect(await templates.posted(uuid)).toMatchObject({
			status: 'completed',
			prompt: 'A moth rests',
			videoUrl: `${emulator.origin}/videos/${uuid}.mp4`,
		});
	}, 240_000);

	it('reports a caller that does not answer', async () => {
		const callbackUrl = templates.receiver.url;
		const uuid = await uuidIn(await ask({ prompt: 'A moth alone', callbackUrl }));
		templates.receiver.refuses = true;
		const failure = await waitFor('the failed execution', FIRST_CHECK_MS, async () => {
			const [newest] = await templates.ended(service, 'error');
			return newest;
		});
		templates.receiver.refuses = false;
		expect(failure.error?.message).toContain(`The caller of video ${uuid}`);
		expect(jobOf('A moth alone')?.uuid).toBe(uuid);
	}, 240_000);
});

describe(failedAgain, () => {
	it('makes each failed video of the job table again, once', async () => {
		const { emulator } = templates.harness;
		const { outcome } = emulator.options;
		emulator.options.outcome = 'completed';
		const before = emulator.jobs.length;
		await templates.run(failedAgain);
		const again = emulator.jobs.slice(before).map(({ request }) => request);
		expect(again).toEqual([
			expect.objectContaining({ prompt: like(/barista/), aspectRatio: '9:16' }),
		]);

		await templates.run(failedAgain);
		expect(emulator.jobs.length - before).toBe(1);
		emulator.options.outcome = outcome;
	});
});

describe(dashboard.name, () => {
	it('asks for a password, and shows the videos, their counts and hostile texts as text', async () => {
		await templates.activate(dashboard.name);
		expect(await templates.isClosed(dashboard.path, {})).toBe(true);
		const { client, emulator } = templates.harness;
		const table = (await client.dataTables()).get('veo_jobs');
		const { uuid } = emulator.accept({ generationType: 'text_to_video', prompt: 'A heron rests' });
		const videoUrl = `${emulator.origin}/videos/${uuid}.mp4`;
		const finishedAt = new Date().toISOString();
		const row = { status: 'completed', prompt: hostile, finishedAt };
		const data = [
			{ ...row, uuid, videoUrl },
			{ ...row, uuid: 'hostile-1', videoUrl: `https://example.com/${hostile}` },
			{ ...row, uuid: 'hostile-2', videoUrl: 'javascript:alert(1)' },
			{ ...row, uuid: hostile, status: hostile, errorMessage: hostile, progress: 42 },
			{ ...row, uuid: 'hostile-4', status: 'failed', errorMessage: hostile },
		];
		await client.api('POST', `/data-tables/${table}/rows`, { data, returnType: 'count' });

		const answer = await templates.request(dashboard.path);
		expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
		const html = await answer.text();
		expect(html).toContain(`<video controls preload="metadata" src="${videoUrl}">`);
		expect(html).toMatch(/\d+ completed.*\d+ failed.*\d+ in progress/);
		expect(html).toContain(new Date().toISOString().slice(0, 10));
		expect(html).toContain('value="42"');
		expect(html).not.toMatch(/<iframe|alert\(1\)<\/script>|javascript:/);
		expect(html.match(/<script>/g)).toHaveLength(1);
		expect(html).toContain('&#60;iframe src=&#39;https://evil.example/&#39;&#62;');
	});
});

describe(callback, () => {
	const wentOn = async (name: string) => {
		const executions = await templates.ended(callback, 'success');
		const runs = executions.flatMap((one) => one.runs[name] ?? []);
		return runs.flatMap(({ outputs }) => outputs[0] ?? []).map(({ json }) => json);
	};
	/** Calls, and waits until the execution that this starts has ended. */
	const call = async (body: object): Promise<Execution> => {
		const { client } = templates.harness;
		const id = await client.runByWebhook(templates.id(callback), callbackPath, body);
		return await client.waitForExecution(id);
	};
	/** A video that is finished at the service, and what it is used with. */
	const finishedVideo = async () => {
		const { emulator } = templates.harness;
		const job = emulator.accept({ generationType: 'text_to_video', prompt: 'A heron returns' });
		await templates.harness.waitUntil(() => Date.now() > job.finalAt);
		const videoUrl = `${emulator.origin}/videos/${job.uuid}.mp4`;
		return { uuid: job.uuid, status: 'completed', videoUrl };
	};
	const used = (execution: Execution) =>
		itemsOf(execution, 'Use the video').map(({ json }) => json);

	beforeAll(async () => {
		await templates.activate(callback);
	});

	afterEach(() => {
		templates.harness.emulator.options.faults = [];
	});

	it('asks the service about the ID, uses nothing else of the call, and goes on once per video', async () => {
		const { emulator } = templates.harness;
		const done = emulator.accept({ generationType: 'text_to_video', prompt: 'A heron' });
		const failed = emulator.accept({ generationType: 'text_to_video', prompt: 'A heron fails' });
		await call({ uuid: done.uuid, status: 'completed', videoUrl: 'https://evil.example/' });
		// Too early: the video is still being made.
		expect(await wentOn('Use the video')).toEqual([]);

		await templates.harness.waitUntil(() => Date.now() > failed.finalAt);
		const lie = { status: 'failed', videoUrl: 'https://evil.example/', errorMessage: hostile };
		await call({ code: 0, msg: 'Success', data: { ...lie, uuid: done.uuid } });
		await call({ ...lie, uuid: done.uuid });
		await call({ uuid: failed.uuid, status: 'completed', videoUrl: 'https://evil.example/' });
		for (const uuid of ['..', hostile, 'a'.repeat(300), 7, null, [done.uuid]]) {
			expect((await call({ ...lie, uuid })).status).toBe('success');
		}
		expect((await call({ ...lie, uuid: 'unknown' })).status).toBe('error');
		expect(await wentOn('Use the video')).toEqual([
			expect.objectContaining({
				uuid: done.uuid,
				status: 'completed',
				videoUrl: `${emulator.origin}/videos/${done.uuid}.mp4`,
			}),
		]);
		expect(await wentOn('No video')).toEqual([
			expect.objectContaining({ uuid: failed.uuid, status: 'failed', errorMessage: reason }),
		]);
	});

	it.each<[string, FaultAction]>([
		['the service is out of order', { type: 'http', status: 503 }],
		['the service refuses the key', { type: 'envelope', code: 1002, status: 401 }],
	])('fails while %s, and Retry goes on', async (_, fault) => {
		const { client, emulator } = templates.harness;
		const video = await finishedVideo();
		const { uuid } = video;
		emulator.options.faults = [{ on: 'status', uuid, do: fault }];
		const failure = await call({ uuid });
		expect(failure.status).toBe('error');
		expect(failure.error?.message).toContain(`The status of video ${uuid} could not be checked`);

		emulator.options.faults = [];
		expect(used(await client.retryExecution(failure.id))).toEqual([expect.objectContaining(video)]);
	});

	it('asks again for the link of a completed video', async () => {
		const { emulator } = templates.harness;
		const video = await finishedVideo();
		const { uuid } = video;
		const withoutLink: FaultAction = { type: 'alter', data: { videoUrl: undefined } };
		emulator.options.faults = [{ on: 'status', uuid, occurrence: { first: 2 }, do: withoutLink }];
		expect(used(await call({ uuid }))).toEqual([expect.objectContaining(video)]);
	});

	it('fails while a completed video has no link, and Retry goes on, once', async () => {
		const { client, emulator } = templates.harness;
		const video = await finishedVideo();
		const { uuid } = video;
		const withoutLink: FaultAction = { type: 'alter', data: { videoUrl: undefined } };
		emulator.options.faults = [{ on: 'status', uuid, do: withoutLink }];
		const failure = await call({ uuid });
		expect(failure.status).toBe('error');
		expect(failure.error?.message).toContain(`Video ${uuid} is finished, but the API returned no`);
		expect(failure.runs['Only once']).toBeUndefined();

		emulator.options.faults = [];
		expect(used(await client.retryExecution(failure.id))).toEqual([expect.objectContaining(video)]);
		const again = await call({ uuid });
		expect([again.status, again.runs['Use the video']]).toEqual(['success', undefined]);
	});
});

describe(waiting, () => {
	it('rests in the database while the video is made, and survives a crash of n8n', async () => {
		const { client, emulator, n8n } = templates.harness;
		const before = emulator.jobs.length;
		emulator.options.durationMs = 100_000;
		const id = await client.runManually(templates.id(waiting), executeButton);
		const rests = async () => {
			const [newest] = await client.executions({ workflowId: templates.id(waiting) });
			return newest?.status === 'waiting' ? true : undefined;
		};
		await waitFor('the execution to wait', 30_000, rests);
		await n8n.kill();
		await n8n.start();
		expect(await rests()).toBe(true);

		const [result] = itemsOf(await client.waitForExecution(id, 400_000), 'Result');
		const [job, ...others] = emulator.jobs.slice(before);
		expect(others).toEqual([]);
		expect(result?.json).toMatchObject({ uuid: job?.uuid, status: 'completed' });
		expect(result?.json.message).toBe(`The video is ready: ${String(result?.json.videoUrl)}`);
	}, 480_000);
});

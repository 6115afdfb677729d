import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { startEmulator } from '../../emulator';
import { readCliOptions } from '../../emulator/cli-options';
import { until } from './client';

// Each test starts its own process.
jest.setTimeout(30_000);

function run(...args: string[]) {
	const cli = join(__dirname, '../../emulator/cli.ts');
	const child = spawn(process.execPath, ['--import', 'tsx', cli, ...args]);
	const result = { out: '', err: '', code: undefined as unknown };
	child.stdout.on('data', (text: Buffer) => (result.out += text.toString()));
	child.stderr.on('data', (text: Buffer) => (result.err += text.toString()));
	const ended = once(child, 'close').then(([code]: unknown[]) => ({ ...result, code }));
	return { child, result, ended };
}

test('runs until it is stopped and logs each request', async () => {
	const { child, result, ended } = run('--port', '0', '--key', 'k', '--max-running', '1');
	await until(() => result.out.includes('Ctrl-C'));
	const [url = ''] = /http:\S+/.exec(result.out) ?? [];
	const body = { generationType: 'text_to_video', prompt: 'x' };
	const headers = { authorization: 'Bearer k', 'content-type': 'application/json' };
	const call = { method: 'POST', headers, body: JSON.stringify(body) };
	expect((await fetch(`${url}/generate-video`, call)).status).toBe(200);
	await until(() => result.out.includes('POST'));
	expect(result.out).toMatch(/\d\d:\d\d:\d\d {2}200 {2}POST \/api\/generate-video {2}uuid /);
	expect((await fetch(`${url}/generate-video`, call)).status).toBe(429);
	await until(() => result.out.includes('fault'));
	expect(result.out).toMatch(/ {2}429 {2}POST \/api\/generate-video {2}fault http\n/);
	child.kill('SIGINT');
	const { code, err } = await ended;
	expect(err).toBe('');
	// Windows has no signals, so the process is terminated there.
	if (process.platform !== 'win32') expect(code).toBe(0);
});

test('reports a port in use', async () => {
	const emulator = await startEmulator();
	const { code, err } = await run('--port', `${emulator.port}`).ended;
	await emulator.close();
	expect([code, err]).toEqual([1, expect.stringMatching(/port is already in use.*--port/)]);
});

test.each([
	[
		['--port', 'many'],
		/--port <number>' argument 'many' is invalid. It must be a number[^]*--help/,
	],
	[['--file-late-as', 'gone'], /HTTP status from 200 to 599/],
	[['--refuse', '400', '--refuse-body', '{'], /must be JSON/],
	[['--webhook', 'http://10.0.0.1/'], /--webhook-remote/],
	[['--webhook', 'hook'], /must be a URL/],
	[['--nope'], /--nope[^]*--help/],
])('refuses %j', async (args, message) => {
	const { code, err } = await run(...args).ended;
	expect([code, err]).toEqual([1, expect.stringMatching(message)]);
});

test('prints its help', async () => {
	const { code, out } = await run('--help').ended;
	expect([code, out]).toEqual([0, expect.stringContaining('--fail-rate')]);
});

test.each<[string, string[]]>([
	['', ['completed', 'completed', 'completed']],
	['--fail-rate 1', ['failed', 'failed', 'failed']],
	['--fail-prompt fox', ['failed', 'completed', 'failed']],
	['--fail-first 1', ['failed', 'failed', 'completed']],
	['--fail-jobs 1', ['failed', 'completed', 'completed']],
	['--fail-jobs 1 --fail-rate 1', ['failed', 'failed', 'failed']],
])('the outcomes with %j', async (args, expected) => {
	const { outcome } = readCliOptions(['node', 'cli.ts', ...args.split(' ').filter(Boolean)]);
	const emulator = await startEmulator({ outcome });
	const generationType = 'text_to_video';
	const jobs = ['fox', 'hare', 'fox'].map((prompt) => emulator.accept({ generationType, prompt }));
	await emulator.close();
	expect(jobs.map((job) => job.outcome)).toEqual(expected);
});

test('the other options for videos and webhooks', () => {
	const url = 'http://localhost:5678/webhook/a';
	const args = ['--url-lifetime', '2', '--webhook', url];
	expect(readCliOptions(['node', 'cli.ts', ...args])).toMatchObject({
		videoUrlLifetimeMs: 2000,
		webhook: { url, allowRemote: false },
	});
});

describe('faults from options', () => {
	test.each([
		[
			'--url-late 2 --url-late-as empty',
			{ on: 'status', occurrence: { first: 2 }, do: { data: { videoUrl: '' } } },
		],
		[
			'--url-late-for 1.5 --url-late-as null',
			{ on: 'status', withinMsOfFinal: 1500, do: { data: { videoUrl: null } } },
		],
		[
			'--file-late 3 --file-late-as 403',
			{ on: 'video', occurrence: { first: 3 }, do: { type: 'http', status: 403 } },
		],
		[
			'--file-late-for 20 --file-late-as html',
			{ on: 'video', withinMsOfFinal: 20_000, do: { type: 'html', status: 200 } },
		],
		[
			'--file-type application/mp4',
			{ on: 'video', do: { headers: { 'content-type': 'application/mp4' } } },
		],
		['--file-type none', { on: 'video', do: { headers: { 'content-type': undefined } } }],
		[
			'--max-running 2 --limit-as code1003 --limit-retry-after 30',
			{ on: 'generate', runningJobs: 2, do: { code: 1003, status: 429, retryAfter: 30 } },
		],
		[
			'--max-per-minute 5',
			{
				on: 'generate',
				acceptedJobs: { jobs: 5, perMs: 60_000 },
				do: { type: 'http', status: 429, retryAfter: undefined },
			},
		],
		[
			'--fail-code 5000 --fail-msg Flagged --fail-status 500',
			{
				on: 'status',
				jobStatus: 'failed',
				do: { envelope: { code: 5000, msg: 'Flagged', data: { status: 'failed' } }, status: 500 },
			},
		],
		[
			'--refuse 422 --refuse-first 1 --refuse-prompt fox',
			{
				on: 'generate',
				prompt: 'fox',
				occurrence: { first: 1 },
				do: { type: 'json', status: 422, value: { detail: 'prompt flagged' } },
			},
		],
		[
			'--refuse 400 --refuse-body {"code":4001,"msg":"No"}',
			{ on: 'generate', do: { status: 400, value: { code: 4001, msg: 'No' } } },
		],
		[
			'--lose-answer 1,3',
			{ on: 'generate', occurrence: [1, 3], accept: true, do: { type: 'resetBeforeAnswer' } },
		],
	])('%s', (args, fault) => {
		const { faults } = readCliOptions(['node', 'cli.ts', ...args.split(' ')]);
		expect(faults).toMatchObject([fault]);
	});
});

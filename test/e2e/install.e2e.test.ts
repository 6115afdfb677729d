/** Installs, updates and removes the packed package by the commands of docs/installation.md, on each supported Node.js. */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

import { startEmulator, type Emulator } from '../../emulator';
import { npmEnvironment, run, runNpm } from '../../harness/command';
import { ensureN8n } from '../../harness/installN8n';
import { arrayOr, objectOr } from '../../harness/json';
import { N8nClient } from '../../harness/n8nClient';
import { emulatorKey, owner } from '../../harness/n8nHarness';
import { startN8n, type RunningN8n } from '../../harness/n8nProcess';
import { packedPackage } from '../../harness/package';
import { packageName, projectRoot } from '../../harness/paths';
import { freePort } from '../../harness/ports';
import { chain, manualTrigger, node } from '../../harness/workflow';

/** The first block of shell commands under this heading of the page. */
async function commandsUnder(heading: string): Promise<string> {
	const page = await readFile(join(projectRoot, 'docs/installation.md'), 'utf8');
	const section = page.split(/^#+ /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
	const [, commands] = /^```sh\n(.+?)^```/ms.exec(section) ?? [];
	if (commands === undefined) throw new Error(`There are no commands under "${heading}"`);
	return commands;
}

/** Stands for the home folder of a user. */
let home: string;
let work: string;
let logFile: string;
let update: string;

beforeAll(async () => {
	work = await mkdtemp(join(tmpdir(), 'veo-install-'));
	logFile = join(work, 'commands.log');
	update = await packUpdate();
});

afterAll(async () => {
	await rm(work, { recursive: true, force: true });
});

/** The packed package as the next version, which the nodes panel finds by one word more. */
async function packUpdate(): Promise<string> {
	const folder = join(work, 'next');
	await mkdir(folder);
	const options = { cwd: folder, logFile };
	await run('tar', ['-xzf', packedPackage(), '-C', folder, '--strip-components=1'], options);
	await edit(join(folder, 'package.json'), (manifest) => ({ ...manifest, version: '99.0.0' }));
	await edit(join(folder, 'dist/nodes/Veo/Veo.node.json'), (codex) => ({
		...codex,
		alias: [...arrayOr(codex.alias), NEW_ALIAS],
	}));
	await runNpm(['pack', '--ignore-scripts'], options);
	return join(folder, `${packageName}-99.0.0.tgz`);
}

const NEW_ALIAS = 'a word of the next version';

async function edit(file: string, change: (content: Record<string, unknown>) => object) {
	const content = objectOr(JSON.parse(await readFile(file, 'utf8')));
	await writeFile(file, JSON.stringify(change(content)));
}

const newHome = async () => await mkdtemp(join(work, 'home-'));

/** Runs the commands as the user does, in the folder with the packed file. */
async function execute(commands: string, nodeBinary: string, packed?: string): Promise<void> {
	const cwd = await mkdtemp(join(work, 'clone-'));
	if (packed !== undefined) await copyFile(packed, join(cwd, `${packageName}-1.0.0.tgz`));
	const env = {
		...npmEnvironment(),
		// The settings and the cache of the real user.
		npm_config_userconfig: join(homedir(), '.npmrc'),
		npm_config_cache: join(homedir(), '.npm'),
		HOME: home,
		PATH: [dirname(nodeBinary), process.env.PATH].join(delimiter),
	};
	await run('sh', ['-e', '-c', commands], { cwd, logFile, env });
}

const installed = (...path: string[]) => join(home, '.n8n/nodes/node_modules', ...path);

const installedVersion = async () =>
	objectOr(JSON.parse(await readFile(installed(packageName, 'package.json'), 'utf8'))).version;

/** The Node.js binary of a version, from the npm registry. */
async function nodeBinary(version: string): Promise<string> {
	const name = `node-${process.platform}-${process.arch}`;
	const folder = join(work, version);
	await mkdir(folder);
	await runNpm(['install', '--prefix', folder, '--no-save', `${name}@${version}`], {
		cwd: folder,
		logFile,
	});
	return join(folder, 'node_modules', name, 'bin', 'node');
}

it.each([20, 22, 24])('the commands work with Node.js %s', async (version) => {
	const ofThisRun = process.versions.node.startsWith(`${version}.`);
	const binary = ofThisRun ? process.execPath : await nodeBinary(String(version));
	home = await newHome();

	await execute(await commandsUnder('Install'), binary, packedPackage());
	const first = await installedVersion();
	await readFile(installed(packageName, 'dist/nodes/Veo/Veo.node.js'));
	// It brings a native module that Node.js 20 cannot build.
	await expect(readFile(installed('n8n-workflow/package.json'))).rejects.toThrow('ENOENT');

	await execute(await commandsUnder('Install'), binary, update);
	expect([first, await installedVersion()]).toEqual([expect.any(String), '99.0.0']);

	await execute(await commandsUnder('Remove'), binary);
	await expect(installedVersion()).rejects.toThrow('ENOENT');
});

describe('in n8n', () => {
	const TYPE = `${packageName}.veo`;
	let n8n: RunningN8n;
	let emulator: Emulator;
	let client: N8nClient;

	beforeAll(async () => {
		home = await newHome();
		emulator = await startEmulator({ durationMs: 0 });
		const port = await freePort();
		n8n = await startN8n({ installed: await ensureN8n(), userFolder: home, port });
		client = new N8nClient(n8n.url);
		await client.signIn(owner);
	});

	afterAll(async () => {
		await n8n.stop();
		await emulator.close();
	});

	async function commandsThenRestart(heading: string, packed?: string): Promise<void> {
		await execute(await commandsUnder(heading), process.execPath, packed);
		await n8n.stop();
		await n8n.start();
	}

	it('the workflows and credentials outlive an update, and a removal', async () => {
		expect((await client.nodeTypes()).has(TYPE)).toBe(false);

		await commandsThenRestart('Install', packedPackage());
		const data = { apiKey: emulatorKey, baseUrl: emulator.url };
		const { id, name } = await client.createCredential('Veo account', 'veoApi', data);
		const veo = node(
			'Veo',
			TYPE,
			1,
			{ prompt: 'A kite' },
			{ credentials: { veoApi: { id, name } } },
		);
		const workflow = await client.createWorkflow(chain('Kept', manualTrigger(), veo));
		const runIt = async () => {
			const executionId = await client.runManually(workflow.id, manualTrigger().name);
			return (await client.waitForExecution(executionId)).status;
		};
		expect(await runIt()).toBe('success');
		const aliases = async () => {
			const { codex } = objectOr((await client.nodeTypes()).get(TYPE));
			return arrayOr(objectOr(codex).alias);
		};
		expect(await aliases()).not.toContain(NEW_ALIAS);

		await commandsThenRestart('Install', update);
		expect(await aliases()).toContain(NEW_ALIAS);
		expect(await runIt()).toBe('success');

		await commandsThenRestart('Remove');
		expect((await client.nodeTypes()).has(TYPE)).toBe(false);
		expect((await client.workflows()).map((one) => one.id)).toEqual([workflow.id]);
		expect((await client.credentials()).map((one) => one.id)).toEqual([id]);

		await commandsThenRestart('Install', packedPackage());
		expect(await runIt()).toBe('success');
		expect(emulator.count('generate')).toBe(3);
	}, 300_000);
});

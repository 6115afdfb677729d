/** Checks the links and pictures of the docs, and the commands and expressions to copy. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { extractFromAICalls } from 'n8n-workflow';

import manifest from '../../package.json';

const ROOT = join(__dirname, '../..');

const pages = ['.', 'docs', 'demo'].flatMap((folder) =>
	readdirSync(join(ROOT, folder))
		.filter((name) => name.endsWith('.md'))
		.map((name) => join(ROOT, folder, name)),
);

const read = (file: string) => readFileSync(file, 'utf8').replace(/^```[^]*?^```$/gm, '');

/** The anchors that GitHub creates for the headings of a page. */
function anchorsOf(file: string): string[] {
	return [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
		heading
			.toLowerCase()
			.replace(/[^\p{L}\p{N} _-]/gu, '')
			.replaceAll(' ', '-'),
	);
}

const targets = pages.flatMap((page) =>
	[...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']): [string, string] => [
		relative(ROOT, page),
		target,
	]),
);

const links = targets.filter(([, target]) => !/^[a-z]+:/.test(target));

it.each(links)('%s links to an existing file and heading: %s', (page, target) => {
	const [path = '', anchor] = target.split('#');
	const file = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
	expect(existsSync(file)).toBe(true);
	if (anchor !== undefined) expect(anchorsOf(file)).toContain(anchor);
});

/** npm shows the README without the repository's files. */
const PICTURES = `https://raw.githubusercontent.com/${/github\.com\/(.+)\.git$/.exec(manifest.repository.url)?.[1]}/HEAD/`;

it.each(targets.filter(([, target]) => /githubusercontent|\.(png|gif|webp)$/.test(target)))(
	'%s shows a picture that exists: %s',
	(page, target) => {
		const isOnNpm = page === 'README.md';
		expect(target.startsWith(PICTURES)).toBe(isOnNpm);
		if (isOnNpm) expect(existsSync(join(ROOT, target.slice(PICTURES.length)))).toBe(true);
	},
);

it('the README has the commands of docs/installation.md', () => {
	const blocksOf = (page: string) =>
		[...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```sh\n(.+?)^```/gms)].map(
			([, commands = '']) => commands,
		);
	expect(blocksOf('README.md').slice(0, 2)).toEqual(blocksOf('docs/installation.md').slice(0, 2));
});

it('docs/agents.md has expressions that n8n understands', () => {
	const page = readFileSync(join(ROOT, 'docs/agents.md'), 'utf8');
	const calls = [...page.matchAll(/^={{ .+ }}$/gm)].flatMap(([text]) => extractFromAICalls(text));
	expect(calls.map(({ key, type }) => [key, type])).toEqual([
		['Prompt', 'string'],
		['Aspect_Ratio', 'string'],
		['Video_ID', 'string'],
	]);
	for (const { description } of calls) expect(description).toMatch(/^[A-Z0-9].{20}/);
});

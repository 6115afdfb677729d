/** Checks that each link in the docs leads to a file in the repository and to a heading in it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

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

const links = pages.flatMap((page) =>
	[...read(page).matchAll(/\]\(([^)\s]+)\)/g)]
		.map(([, target = '']) => target)
		.filter((target) => !/^[a-z]+:/.test(target))
		.map((target): [string, string] => [relative(ROOT, page), target]),
);

it.each(links)('%s links to an existing file and heading: %s', (page, target) => {
	const [path = '', anchor] = target.split('#');
	const file = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
	expect(existsSync(file)).toBe(true);
	if (anchor !== undefined) expect(anchorsOf(file)).toContain(anchor);
});

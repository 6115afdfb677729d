/** What SECURITY.md says about releases. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(__dirname, '../../.github/workflows');
const workflows = readdirSync(folder).map((name): [string, string] => [
	name,
	readFileSync(join(folder, name), 'utf8'),
]);

/** The steps of a job, as text. */
function stepsOf(workflow: string, job: string): string[] {
	const text = readFileSync(join(folder, workflow), 'utf8');
	const rest = text.slice(text.indexOf(`\n  ${job}:\n`) + 1);
	const end = rest.slice(1).search(/\n {2}\w+:\n/);
	return rest
		.slice(0, end < 0 ? undefined : end)
		.split(/\n {6}- /)
		.slice(1);
}

describe.each(workflows)('The workflow %s', (_, text) => {
	it('uses actions at a fixed commit only', () => {
		const used = [...text.matchAll(/uses: (\S+)/g)].map(([, name]) => name);
		expect(used.length).toBeGreaterThan(0);
		expect(used.filter((name) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/.test(name ?? ''))).toEqual([]);
	});

	it('keeps no credentials of the repository after checkout', () => {
		const checkouts = text.split('uses: actions/checkout').slice(1);
		for (const one of checkouts)
			expect(one.split(/\n\s*- /)[0]).toContain('persist-credentials: false');
	});

	it('has no permissions but those of its jobs', () => {
		expect(text).toMatch(/\npermissions:( \{\}|\n {2}contents: read\n)/);
	});
});

describe('A release', () => {
	it('is of a commit on main', () => {
		expect(stepsOf('publish.yml', 'gate').join()).toContain('merge-base --is-ancestor');
	});

	it('is packed before tests and their dependencies run', () => {
		const steps = stepsOf('publish.yml', 'gate').map((step) => step.trim());
		const at = (text: string) => steps.findIndex((step) => step.includes(text));
		expect(at('npm pack')).toBeGreaterThan(at('npm run build'));
		expect(at('upload-artifact')).toBeGreaterThan(at('npm pack'));
		expect(at('.ci/run')).toBeGreaterThan(at('upload-artifact'));
	});

	it('is published by a job that installs nothing and has no code of the repository', () => {
		const publish = stepsOf('publish.yml', 'publish').join();
		expect(publish).toContain('npm publish ./n8n-nodes-veo3o1-*.tgz --ignore-scripts --provenance');
		expect(publish).not.toMatch(/checkout|npm (ci|install|run)|npx/);
		const text = readFileSync(join(folder, 'publish.yml'), 'utf8');
		expect(text.match(/id-token: write/g)).toHaveLength(1);
	});
});

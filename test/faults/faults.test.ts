import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const RUN = resolve(__dirname, 'run.ts');
const run = (...options: string[]) =>
	spawnSync(process.execPath, [require.resolve('tsx/cli'), RUN, ...options], {
		encoding: 'utf8',
		timeout: 150_000,
	});

describe('Random faults', () => {
	it('never make the node pay twice, lose or keep back a paid video, or leak the key', () => {
		const { stdout, stderr, status } = run('--runs', '40', '--seed', '2');

		expect(stderr).toBe('');
		expect(figures(stdout)).toMatchObject({
			runs: '40',
			seed: '2',
			'jobs paid twice': '0',
			'jobs lost': '0',
			incomplete: '0',
			'key leaks': '0',
			'other violations': '0',
		});
		expect(Number(figures(stdout)['accepted jobs'])).toBeGreaterThan(50);
		expect(Number(figures(stdout)['videos that are due'])).toBeGreaterThan(20);
		expect(status).toBe(0);
	}, 160_000);

	it('rejects invalid options', () => {
		expect(run('--runs', 'many')).toMatchObject({
			status: 2,
			stderr:
				"error: option '--runs <count>' argument 'many' is invalid. Use a whole number of at least 1.\n" +
				'Use "npm run test:faults -- --help" to see all options.\n',
		});
	});
});

/** The printed table, by its first column. */
function figures(stdout: string): Record<string, string> {
	const rows = stdout.matchAll(/^(\S.*?) {2,}(\S.*)$/gm);
	return Object.fromEntries([...rows].map(([, name, figure]) => [name ?? '', figure ?? '']));
}

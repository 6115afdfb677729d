import { inspect } from 'node:util';
import { KINDS, type Violation } from './violations';
import type { Result } from './execute';
import type { Scenario } from './scenario';

/** Collects the results and formats them. */
export class Report {
	private readonly startedAt = Date.now();
	private readonly results: Array<{ scenario: Scenario; result: Result }> = [];
	private readonly others: Array<Violation & { seed: number }> = [];
	private aborted = 0;
	private running = 0;

	constructor(
		private readonly seed: number,
		private readonly runs: number,
	) {}

	started(): void {
		this.running++;
	}

	/** Without a result if the run was stopped early. */
	ended(scenario: Scenario, result: Result | undefined): void {
		this.running--;
		if (!result) return;
		// The details of a run without violations are shown only if it is the only one.
		const isKept = result.violations.length > 0 || this.runs === 1;
		this.results.push({
			scenario,
			result: isKept ? result : { ...result, seen: [], requests: [] },
		});
	}

	/** The run itself threw. */
	crashed(seed: number, thrown: unknown): void {
		this.running--;
		this.aborted++;
		this.others.push({ seed, kind: 'other', text: `The run itself failed: ${inspect(thrown)}` });
	}

	/** The keys of these runs are in the logs. */
	leaked(seeds: readonly number[]): void {
		for (const seed of seeds) {
			this.others.push({ seed, kind: 'key leak', text: 'The key is in the logs' });
		}
	}

	isClean(): boolean {
		return this.results.length === this.runs && this.violations().length === 0;
	}

	progress(): string {
		const done = this.results.length + this.aborted;
		const violations = this.violations().length;
		return `${this.seconds()} s: ${done} of ${this.runs} runs done, ${this.running} running, ${violations} violations\n`;
	}

	table(logCharacters: number): string {
		const violations = this.violations();
		const of = (kind: Violation['kind']) => violations.filter((one) => one.kind === kind).length;
		const total = (figure: (result: Result) => number) =>
			this.results.reduce((sum, { result }) => sum + figure(result), 0);
		const longestMs = Math.max(0, ...this.results.map(({ result }) => result.wallMs));
		const rows: Array<[string, string | number]> = [
			[
				'runs',
				this.results.length === this.runs ? this.runs : `${this.results.length} of ${this.runs}`,
			],
			['seed', this.seed],
			['wall time', `${this.seconds()} s (longest run ${Math.round(longestMs / 1000)} s)`],
			['items', this.results.reduce((sum, { scenario }) => sum + scenario.prompts.length, 0)],
			['log searched for keys', `${Math.round(logCharacters / 1000)} kB`],
			['paid requests', total(({ paidRequests }) => paidRequests)],
			['accepted jobs', total(({ accepted }) => accepted)],
			['retries by the user', total(({ retries }) => retries)],
			['videos that are due', total(({ due }) => due)],
			['jobs paid twice', of('paid twice')],
			['jobs lost', of('lost')],
			['incomplete', of('incomplete')],
			['key leaks', of('key leak')],
			['other violations', of('other')],
		];
		const list = violations.map(({ seed, kind, text }) => `--only ${seed}  ${kind}: ${text}\n`);
		const table = rows.map(([name, figure]) => `${name.padEnd(24)}${figure}\n`);
		return ['\n', ...list, ...(list.length > 0 ? ['\n'] : []), ...table].join('');
	}

	/** All details of the runs, for `--only`. */
	details(): string {
		return this.results
			.map(({ scenario, result: { seen, requests } }) => {
				const shown = seen.map(({ outputs, error, texts, unclear }) => ({
					outputs,
					error,
					texts,
					unclear,
				}));
				const format = { depth: null, maxStringLength: 1000, breakLength: 120 };
				return [
					`Scenario: ${inspect(scenario, format)}`,
					`Requests:\n  ${requests.join('\n  ')}`,
					`What the user sees: ${inspect(shown, format)}\n`,
				].join('\n');
			})
			.join('\n');
	}

	private violations(): Array<Violation & { seed: number }> {
		return [
			...this.results.flatMap(({ result: { seed, violations } }) =>
				violations.map((violation) => ({ seed, ...violation })),
			),
			...this.others,
		].sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
	}

	private seconds(): number {
		return Math.round((Date.now() - this.startedAt) / 1000);
	}
}

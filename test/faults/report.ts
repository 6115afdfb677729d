import { inspect } from 'node:util';
import { KINDS, type Violation } from './violations';
import type { Result } from './execute';
import type { Scenario } from './scenario';

/** Adds up the results, and tells of them. */
export class Report {
	private readonly startedAt = Date.now();
	private readonly results: Array<{ scenario: Scenario; result: Result }> = [];
	private readonly others: Array<Violation & { seed: number }> = [];
	private brokenOff = 0;
	private underWay = 0;

	constructor(
		private readonly seed: number,
		private readonly runs: number,
	) {}

	began(): void {
		this.underWay++;
	}

	/** Without a result where the run was called off. */
	ended(scenario: Scenario, result: Result | undefined): void {
		this.underWay--;
		if (!result) return;
		// Of a run that kept all promises only the figures are of interest, unless it is the only one.
		const kept = result.violations.length > 0 || this.runs === 1;
		this.results.push({ scenario, result: kept ? result : { ...result, seen: [], requests: [] } });
	}

	/** The run itself could not be had. */
	broke(seed: number, thrown: unknown): void {
		this.underWay--;
		this.brokenOff++;
		this.others.push({ seed, kind: 'other', text: `The run broke off: ${inspect(thrown)}` });
	}

	/** The keys of these runs were in the logs. */
	leaked(seeds: readonly number[]): void {
		for (const seed of seeds) {
			this.others.push({ seed, kind: 'key leak', text: 'The key is in the logs' });
		}
	}

	clean(): boolean {
		return this.results.length === this.runs && this.violations().length === 0;
	}

	progress(): string {
		const done = this.results.length + this.brokenOff;
		const violations = this.violations().length;
		return `${this.seconds()} s: ${done} of ${this.runs} runs done, ${this.underWay} under way, ${violations} broken promises\n`;
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
			['jobs paid twice', of('paid twice')],
			['jobs lost', of('lost')],
			['key leaks', of('key leak')],
			['other broken rules', of('other')],
		];
		const list = violations.map(({ seed, kind, text }) => `--only ${seed}  ${kind}: ${text}\n`);
		const table = rows.map(([name, figure]) => `${name.padEnd(24)}${figure}\n`);
		return ['\n', ...list, ...(list.length > 0 ? ['\n'] : []), ...table].join('');
	}

	/** Everything about the runs, for a closer look. */
	details(): string {
		return this.results
			.map(({ scenario, result: { seen, requests } }) => {
				const shown = seen.map(({ outputs, error, texts, unclear }) => ({
					outputs,
					error,
					texts,
					unclear,
				}));
				const whole = { depth: null, maxStringLength: 1000, breakLength: 120 };
				return [
					`Scenario: ${inspect(scenario, whole)}`,
					`Requests:\n  ${requests.join('\n  ')}`,
					`What the user sees: ${inspect(shown, whole)}\n`,
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

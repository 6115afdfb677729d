import type { RoundResult } from './round';

const MAX_LISTED = 3;

/** The figures of a round in one line, and below it everything that went wrong. */
export function lineOf(number: number, result: RoundResult): string {
	const { lost, paidTwice, deliveredTwice, unexplained, unclear } = result;
	const figures = [
		`${result.kills} kills`,
		`${result.paid} of ${result.requested} prompts paid`,
		`${result.delivered} delivered`,
		`${lost.length} lost`,
		`${paidTwice.length} paid twice`,
		`${deliveredTwice.length} delivered twice`,
		`${unclear.length} unclear (paid)`,
		`${result.unclearUnpaid} unclear (not paid)`,
		`${result.neverSubmitted} never submitted`,
		`${result.failedChecks} failed trigger executions`,
		`${Math.round(result.wallMs / 1000)} s`,
	];
	const details = [
		...listOf('lost', lost),
		...listOf('paid twice', paidTwice),
		...listOf('delivered twice', deliveredTwice),
		...listOf('delivered twice without a kill in between', unexplained),
		...listOf('unclear', unclear),
		...(result.settled ? [] : ['The trigger did not record all its deliveries in time.']),
	];
	const head = `Round ${number} (--only ${result.plan.seed}): ${figures.join(', ')}`;
	return [head, ...details.map((text) => `  ${text}`)].join('\n');
}

/** The first texts, and how many more there are. */
function listOf(kind: string, texts: string[]): string[] {
	const more = texts.length - MAX_LISTED;
	const list = texts.slice(0, MAX_LISTED).map((text) => `${kind}: ${text}`);
	return more > 0 ? [...list, `${kind}: and ${more} more`] : list;
}

/** Whether nothing was lost, paid twice, or delivered twice without a reason. */
export function isClean({
	lost,
	paidTwice,
	unexplained,
	settled,
	delivered,
}: RoundResult): boolean {
	// Without any delivery, nothing was tested.
	return (
		settled && delivered > 0 && [lost, paidTwice, unexplained].every(({ length }) => length === 0)
	);
}

export function tableOf(seed: number, wanted: number, results: RoundResult[]): string {
	const sum = (figure: (result: RoundResult) => number) =>
		results.reduce((total, result) => total + figure(result), 0);
	const longestMs = Math.max(0, ...results.map(({ wallMs }) => wallMs));
	const rows: Array<[string, string | number]> = [
		['rounds', results.length === wanted ? wanted : `${results.length} of ${wanted}`],
		['seed', seed],
		['kills', sum(({ kills }) => kills)],
		['prompts', sum(({ requested }) => requested)],
		['jobs paid', sum(({ paid }) => paid)],
		['delivered', sum(({ delivered }) => delivered)],
		['lost', sum(({ lost }) => lost.length)],
		['paid twice', sum(({ paidTwice }) => paidTwice.length)],
		['delivered twice', sum(({ deliveredTwice }) => deliveredTwice.length)],
		['  without a kill in between', sum(({ unexplained }) => unexplained.length)],
		['unclear (paid)', sum(({ unclear }) => unclear.length)],
		['unclear (not paid)', sum(({ unclearUnpaid }) => unclearUnpaid)],
		['never submitted', sum(({ neverSubmitted }) => neverSubmitted)],
		['failed trigger executions', sum(({ failedChecks }) => failedChecks)],
		['wall time', `${Math.round(sum(({ wallMs }) => wallMs) / 1000)} s`],
		['longest round', `${Math.round(longestMs / 1000)} s`],
	];
	return rows.map(([name, figure]) => `${name.padEnd(28)}${figure}`).join('\n');
}

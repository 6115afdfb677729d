import type { RoundResult } from './round';

const MOST_LISTED = 3;

/** What a round did, in a line, and below it whatever was not as it should be. */
export function lineOf(number: number, result: RoundResult): string {
	const { lost, paidTwice, deliveredTwice, unexplained, unclear } = result;
	const figures = [
		`${result.kills} kills`,
		`${result.paid} of ${result.wished} wishes paid`,
		`${result.delivered} delivered`,
		`${lost.length} lost`,
		`${paidTwice.length} paid twice`,
		`${deliveredTwice.length} delivered twice`,
		`${unclear.length} unclear with a trace`,
		`${result.unclearUnpaid} unclear, but not paid`,
		`${result.neverBegun} never begun`,
		`${result.failedPolls} failed polls`,
		`${Math.round(result.wallMs / 1000)} s`,
	];
	const details = [
		...listOf('lost', lost),
		...listOf('paid twice', paidTwice),
		...listOf('delivered twice', deliveredTwice),
		...listOf('delivered twice, but n8n did not die in between', unexplained),
		...listOf('unclear', unclear),
		...(result.settled ? [] : ['The trigger had not noted all its deliveries when time was up.']),
	];
	const head = `Round ${number} (--only ${result.plan.seed}): ${figures.join(', ')}`;
	return [head, ...details.map((text) => `  ${text}`)].join('\n');
}

/** The first of them, and how many more there are. */
function listOf(kind: string, texts: string[]): string[] {
	const more = texts.length - MOST_LISTED;
	const list = texts.slice(0, MOST_LISTED).map((text) => `${kind}: ${text}`);
	return more > 0 ? [...list, `${kind}: and ${more} more`] : list;
}

/** Nothing lost, nothing paid twice, and nothing delivered twice for no reason. */
export function isClean({
	lost,
	paidTwice,
	unexplained,
	settled,
	delivered,
}: RoundResult): boolean {
	// An n8n that does nothing at all loses nothing either.
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
		['wishes', sum(({ wished }) => wished)],
		['jobs paid', sum(({ paid }) => paid)],
		['delivered', sum(({ delivered }) => delivered)],
		['lost', sum(({ lost }) => lost.length)],
		['paid twice', sum(({ paidTwice }) => paidTwice.length)],
		['delivered twice', sum(({ deliveredTwice }) => deliveredTwice.length)],
		['  without a kill between', sum(({ unexplained }) => unexplained.length)],
		['unclear with a trace', sum(({ unclear }) => unclear.length)],
		['unclear, but not paid', sum(({ unclearUnpaid }) => unclearUnpaid)],
		['never begun', sum(({ neverBegun }) => neverBegun)],
		['failed polls', sum(({ failedPolls }) => failedPolls)],
		['wall time', `${Math.round(sum(({ wallMs }) => wallMs) / 1000)} s`],
		['longest round', `${Math.round(longestMs / 1000)} s`],
	];
	return rows.map(([name, figure]) => `${name.padEnd(28)}${figure}`).join('\n');
}

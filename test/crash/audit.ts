/** A job that the API accepted, and so was paid. */
export interface PaidJob {
	uuid: string;
	prompt: string;
}

/** What the job table holds of a job. */
export interface NotedJob {
	uuid?: string;
	prompt?: string;
	status?: string;
	jobKey?: string;
}

/** An execution that the trigger started, with the jobs it was given. */
export interface Delivery {
	executionId: string;
	/** When n8n took the items, in milliseconds since the epoch: it may have run the execution only after its next start. */
	takenAt: number;
	uuids: string[];
}

export interface Evidence {
	/** Each is wished for once. */
	prompts: string[];
	paid: PaidJob[];
	table: NotedJob[];
	deliveries: Delivery[];
	/** When n8n was killed, in milliseconds since the epoch. */
	killedAt: number[];
}

/** Each list holds a line for each job, in words. */
export interface Books {
	wished: number;
	paid: number;
	delivered: number;
	/** Paid, and either without a trace in the table or, though it has its `uuid`, not delivered. */
	lost: string[];
	/** One for each job beyond the first of a prompt. */
	paidTwice: string[];
	deliveredTwice: string[];
	/** Those of them that no death of n8n explains: it was not killed between the two deliveries. */
	unexplained: string[];
	/**
	 * Paid, but n8n died before the answer was noted: the table has the row that was written before the request, and
	 * shows the user what may have been paid.
	 */
	unclear: string[];
	/** Rows that look the same to the user, but nothing was paid: n8n died before the request arrived. */
	unclearUnpaid: number;
	/** Wishes that died with their execution before they had so much as a row. Nothing was paid for them. */
	neverBegun: number;
}

/** Holds what was paid against what the table knows and what the trigger delivered. */
export function balance({ prompts, paid, table, deliveries, killedAt }: Evidence): Books {
	const noted = new Set(table.flatMap(({ uuid }) => uuid ?? []));
	const traces = table.filter((row) => row.uuid === undefined && row.status === 'submitting');
	const isTraced = ({ prompt }: PaidJob) =>
		traces.some((row) => row.prompt === prompt && row.jobKey !== undefined);
	const given = ({ uuid }: PaidJob) =>
		deliveries
			.filter(({ uuids }) => uuids.includes(uuid))
			.sort((one, other) => one.takenAt - other.takenAt);

	const words = ({ uuid, prompt }: PaidJob, what: string) => `${uuid} (${prompt}): ${what}`;
	const of = (jobs: PaidJob[], what: (job: PaidJob) => string) =>
		jobs.map((job) => words(job, what(job)));

	const unnoted = paid.filter(({ uuid }) => !noted.has(uuid));
	const again = paid.filter((job, at) => paid.findIndex((one) => one.prompt === job.prompt) < at);
	const twice = paid.filter((job) => given(job).length > 1);
	const executionsOf = (job: PaidJob) =>
		`executions ${given(job)
			.map(({ executionId }) => executionId)
			.join(', ')}`;
	const isExplained = (job: PaidJob) =>
		given(job).every(
			({ takenAt }, at, all) =>
				at === 0 || killedAt.some((kill) => isBetween(kill, all[at - 1]?.takenAt, takenAt)),
		);

	return {
		wished: prompts.length,
		paid: paid.length,
		delivered: paid.filter((job) => given(job).length > 0).length,
		lost: [
			...of(
				unnoted.filter((job) => !isTraced(job)),
				() => 'paid, without a trace in the table',
			),
			...of(
				paid.filter((job) => noted.has(job.uuid) && given(job).length === 0),
				() => 'in the table, not delivered',
			),
		],
		paidTwice: of(again, () => 'paid once more'),
		deliveredTwice: of(twice, executionsOf),
		unexplained: of(
			twice.filter((job) => !isExplained(job)),
			executionsOf,
		),
		unclear: of(unnoted.filter(isTraced), () => 'paid, its row is still submitting'),
		unclearUnpaid: traces.filter(({ prompt }) => !paid.some((job) => job.prompt === prompt)).length,
		neverBegun: prompts.filter(
			(prompt) => ![...paid, ...table].some((one) => one.prompt === prompt),
		).length,
	};
}

const isBetween = (time: number, from = Infinity, until: number) => from <= time && time <= until;

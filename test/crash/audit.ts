/** A job that the API accepted, and that was therefore paid. */
export interface PaidJob {
	uuid: string;
	prompt: string;
}

/** A row of the job table. */
export interface RecordedJob {
	uuid?: string;
	prompt?: string;
	status?: string;
	jobKey?: string;
}

/** An execution that the trigger started, with the jobs it received. */
export interface Delivery {
	executionId: string;
	/** When n8n accepted the items, in milliseconds since the epoch. It may run the execution after its next start. */
	takenAt: number;
	uuids: string[];
}

export interface Evidence {
	/** Each should be submitted once. */
	prompts: string[];
	paid: PaidJob[];
	table: RecordedJob[];
	deliveries: Delivery[];
	/** When n8n was killed, in milliseconds since the epoch. */
	killedAt: number[];
}

/** The lists have one text per job. */
export interface Audit {
	requested: number;
	paid: number;
	delivered: number;
	/** Paid, and either without a row in the table, or with its `uuid` in the table but not delivered. */
	lost: string[];
	/** One per job beyond the first of a prompt. */
	paidTwice: string[];
	deliveredTwice: string[];
	/** Those of `deliveredTwice` that no crash explains: n8n was not killed between the two deliveries. */
	unexplained: string[];
	/**
	 * Paid, but n8n was killed before the answer was recorded. The table has the row that was written before the request,
	 * so the user can see what may have been paid.
	 */
	unclear: string[];
	/** Rows that look the same to the user, but nothing was paid: n8n was killed before the request arrived. */
	unclearUnpaid: number;
	/** Prompts whose execution was killed before there was a row. Nothing was paid for them. */
	neverSubmitted: number;
}

/** Compares what was paid with what the table contains and what the trigger delivered. */
export function audit({ prompts, paid, table, deliveries, killedAt }: Evidence): Audit {
	const recorded = new Set(table.flatMap(({ uuid }) => uuid ?? []));
	const traces = table.filter((row) => row.uuid === undefined && row.status === 'submitting');
	const isTraced = ({ prompt }: PaidJob) =>
		traces.some((row) => row.prompt === prompt && row.jobKey !== undefined);
	const deliveriesOf = ({ uuid }: PaidJob) =>
		deliveries
			.filter(({ uuids }) => uuids.includes(uuid))
			.sort((one, other) => one.takenAt - other.takenAt);

	const describe = (jobs: PaidJob[], describeJob: (job: PaidJob) => string) =>
		jobs.map((job) => `${job.uuid} (${job.prompt}): ${describeJob(job)}`);

	const unrecorded = paid.filter(({ uuid }) => !recorded.has(uuid));
	const again = paid.filter((job, at) => paid.findIndex((one) => one.prompt === job.prompt) < at);
	const twice = paid.filter((job) => deliveriesOf(job).length > 1);
	const executionsOf = (job: PaidJob) =>
		`executions ${deliveriesOf(job)
			.map(({ executionId }) => executionId)
			.join(', ')}`;
	const isExplained = (job: PaidJob) =>
		deliveriesOf(job).every(
			({ takenAt }, at, all) =>
				at === 0 || killedAt.some((kill) => isBetween(kill, all[at - 1]?.takenAt, takenAt)),
		);

	return {
		requested: prompts.length,
		paid: paid.length,
		delivered: paid.filter((job) => deliveriesOf(job).length > 0).length,
		lost: [
			...describe(
				unrecorded.filter((job) => !isTraced(job)),
				() => 'paid, without a row in the table',
			),
			...describe(
				paid.filter((job) => recorded.has(job.uuid) && deliveriesOf(job).length === 0),
				() => 'in the table, not delivered',
			),
		],
		paidTwice: describe(again, () => 'paid again'),
		deliveredTwice: describe(twice, executionsOf),
		unexplained: describe(
			twice.filter((job) => !isExplained(job)),
			executionsOf,
		),
		unclear: describe(unrecorded.filter(isTraced), () => 'paid, its row is still submitting'),
		unclearUnpaid: traces.filter(({ prompt }) => !paid.some((job) => job.prompt === prompt)).length,
		neverSubmitted: prompts.filter(
			(prompt) => ![...paid, ...table].some((one) => one.prompt === prompt),
		).length,
	};
}

const isBetween = (time: number, from = Infinity, until: number) => from <= time && time <= until;

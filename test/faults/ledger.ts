import type { Emulator, RecordedRequest } from '../../emulator';

/** What the API knows after an execution. */
export interface Ledger {
	/** Generate requests that arrived. */
	paidRequests: number;
	jobs: PaidJob[];
}

export interface PaidJob {
	/** The first item with the job's request. */
	itemIndex: number;
	uuid: string;
	/** The API reports it as failed, sooner or later. */
	hasFailed?: boolean;
	/** The ID in the answer, which a fault may have altered. Absent if no complete answer with an ID was sent. */
	answeredUuid?: string;
}

export function readLedger(emulator: Emulator, prompts: readonly string[]): Ledger {
	const answers = new Map(
		emulator.requests
			.filter(({ kind }) => kind === 'generate')
			.map((request) => [request.uuid, request]),
	);
	return {
		paidRequests: emulator.count('generate'),
		jobs: emulator.jobs.map(({ uuid, request, outcome }) => ({
			itemIndex: prompts.indexOf(request.prompt),
			uuid,
			hasFailed: outcome === 'failed',
			answeredUuid: answeredUuid(uuid, answers.get(uuid)),
		})),
	};
}

function answeredUuid(uuid: string, request: RecordedRequest | undefined): string | undefined {
	if (!request || request.answered !== 200) return undefined;
	const action = request.fault?.do;
	if (!action || action.type === 'delay') return uuid;
	if (action.type !== 'alter') return undefined;
	const { data, envelope } = action;
	if (envelope && 'data' in envelope) return undefined;
	if (!data || !('uuid' in data)) return uuid;
	const altered = data.uuid;
	return typeof altered === 'string' || typeof altered === 'number' ? String(altered) : undefined;
}

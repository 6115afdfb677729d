import type { Emulator, RecordedRequest } from '../../emulator';

/** What the API knows after an execution: what was asked of it, and what was paid for. */
export interface Books {
	/** Generate requests that arrived. */
	paidRequests: number;
	jobs: BookedJob[];
}

export interface BookedJob {
	/** Whose wish it is. */
	itemIndex: number;
	uuid: string;
	/** The ID in the answer that was sent, which a fault may have altered; absent if no whole answer with one was sent. */
	toldUuid?: string;
}

export function readBooks(emulator: Emulator, prompts: readonly string[]): Books {
	const answers = new Map(
		emulator.requests
			.filter(({ kind }) => kind === 'generate')
			.map((request) => [request.uuid, request]),
	);
	return {
		paidRequests: emulator.count('generate'),
		jobs: emulator.jobs.map(({ uuid, request }) => ({
			itemIndex: prompts.indexOf(request.prompt),
			uuid,
			toldUuid: toldUuid(uuid, answers.get(uuid)),
		})),
	};
}

function toldUuid(uuid: string, request: RecordedRequest | undefined): string | undefined {
	if (!request || request.answered !== 200) return undefined;
	const action = request.fault?.do;
	if (!action || action.type === 'delay') return uuid;
	if (action.type !== 'alter') return undefined;
	const { data, envelope } = action;
	if (envelope && 'data' in envelope) return undefined;
	if (!data || !('uuid' in data)) return uuid;
	const told = data.uuid;
	return typeof told === 'string' || typeof told === 'number' ? String(told) : undefined;
}

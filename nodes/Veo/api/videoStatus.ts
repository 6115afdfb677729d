/**
 * The states of a job and what each means, in one table (API reference, "Get a video's status"). A status that is not
 * here is not final: the API may bring new ones.
 */
const STATES: Record<string, { final: boolean }> = {
	pending: { final: false },
	processing: { final: false },
	completed: { final: true },
	failed: { final: true },
};

export function isFinal(status: string): boolean {
	return STATES[status]?.final ?? false;
}

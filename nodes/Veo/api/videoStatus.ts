/**
 * Whether each `status` of a video is final (API reference, "Get a video's status"). A status that is not listed is not
 * final: the API may add new ones.
 */
const STATUSES: Record<string, { isFinal: boolean }> = {
	pending: { isFinal: false },
	processing: { isFinal: false },
	completed: { isFinal: true },
	failed: { isFinal: true },
};

export function isFinal(status: string): boolean {
	return STATUSES[status]?.isFinal ?? false;
}

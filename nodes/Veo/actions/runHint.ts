import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

/** Shows above the output how many videos were paid for in this run, and how long it took. */
export function addRunHint(
	context: IExecuteFunctions,
	verb: 'made' | 'started',
	outputs: INodeExecutionData[],
	newItems: ReadonlySet<number>,
	startedAtMs: number,
): void {
	const failed = outputs.filter(({ json }) => 'error' in json).length;
	const succeeded = outputs.flatMap(({ json }, itemIndex) => ('error' in json ? [] : [itemIndex]));
	const made = succeeded.filter((itemIndex) => newItems.has(itemIndex)).length;
	const reused = succeeded.length - made;
	const parts = [
		`${made} ${made === 1 ? 'video' : 'videos'} ${verb}`,
		reused > 0 && `${reused} reused`,
		failed > 0 && `${failed} failed`,
	].filter((part) => part !== false);
	const message = `${parts.join(', ')}, in ${durationText(Date.now() - startedAtMs)}.`;
	// n8n 1.x had it on other contexts only.
	context.addExecutionHints?.({ message, type: 'info', location: 'outputPane' });
}

function durationText(ms: number): string {
	const seconds = Math.round(ms / 1000);
	return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Searches the logs of a test file for keys at its end, and fails it if any place had one. */
import { runningN8n } from '../../harness/core';
import { leaves, takeLeaks } from './leaks';

const printed = (['debug', 'log', 'info', 'warn', 'error'] as const).map((method) =>
	jest.spyOn(console, method),
);

let searchedLines = 0;

/** Searches what was logged since the last call. */
export async function searchLogs(): Promise<void> {
	for (const n8n of runningN8n) {
		const lines = (await n8n.logged()).split('\n');
		leaves("n8n's log", lines.slice(searchedLines));
		searchedLines = lines.length - 1;
	}
	for (const { mock } of printed) leaves('the console', mock.calls.splice(0));
}

afterAll(async () => {
	await searchLogs();
	expect(takeLeaks()).toEqual([]);
});

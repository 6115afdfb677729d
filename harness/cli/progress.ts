import ora from 'ora';

const HEARTBEAT_MS = 20_000;

let isSilent = false;
let stopCurrent: () => void = () => undefined;

/** A terminal without a width (a container's, for example) makes ora's drawing loop endless. */
function isInteractive(): boolean {
	const { isTTY, columns } = process.stdout;
	return isTTY && columns > 0 && process.env.TERM !== 'dumb' && process.env.CI === undefined;
}

/** Stops all output about running steps: the process is about to end. */
export function silenceProgress(): void {
	isSilent = true;
	stopCurrent();
}

/** Shows that `work` is running, for how long, and how it ended. One step at a time. */
export async function step<T>(text: string, work: () => Promise<T>): Promise<T> {
	const startedAt = Date.now();
	const elapsed = () => `(${Math.round((Date.now() - startedAt) / 1000)} s)`;
	const isEnabled = isInteractive();
	// With discardStdin, ora would put the terminal into raw mode and handle Ctrl-C itself.
	const options = { stream: process.stdout, discardStdin: false, isEnabled };
	const spinner = ora({ text, suffixText: elapsed, ...options }).start();
	const heartbeat = isEnabled
		? undefined
		: setInterval(() => console.log(`  still running ${elapsed()}`), HEARTBEAT_MS);
	stopCurrent = () => {
		clearInterval(heartbeat);
		spinner.stop();
	};
	try {
		const result = await work();
		if (!isSilent) spinner.succeed();
		return result;
	} catch (error) {
		if (!isSilent) spinner.fail();
		throw error;
	} finally {
		clearInterval(heartbeat);
	}
}

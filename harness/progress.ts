import { clearLine, cursorTo } from 'node:readline';

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

let halted = false;

/** Nothing more is drawn or said: the process is about to end. */
export function haltProgress(): void {
	halted = true;
}

/** Says what is being done, for how long it has been going on, and how long it took. */
export async function step<T>(words: string, work: () => Promise<T>): Promise<T> {
	const startedAt = Date.now();
	const seconds = () => Math.round((Date.now() - startedAt) / 1000);
	const endLine = process.stdout.isTTY ? spin(words, seconds) : tick(words, seconds);
	try {
		const result = await work();
		endLine(`✔ ${words} (${seconds()} s)`);
		return result;
	} catch (error) {
		endLine(`✘ ${words} (${seconds()} s)`);
		throw error;
	}
}

function spin(words: string, seconds: () => number): (lastLine: string) => void {
	let frame = 0;
	const draw = () => {
		if (halted) return;
		cursorTo(process.stdout, 0);
		const line = `${spinner[frame++ % spinner.length]} ${words} … ${seconds()} s`;
		// A line that wraps could not be drawn over.
		process.stdout.write(line.slice(0, process.stdout.columns - 1));
		clearLine(process.stdout, 1);
	};
	draw();
	const timer = setInterval(draw, 100);
	return (lastLine) => {
		clearInterval(timer);
		if (halted) return;
		cursorTo(process.stdout, 0);
		clearLine(process.stdout, 0);
		console.log(lastLine);
	};
}

/** Where output is a file or a pipe (CI), one line now and then shows that it goes on. */
function tick(words: string, seconds: () => number): (lastLine: string) => void {
	console.log(`… ${words}`);
	const timer = setInterval(() => {
		if (!halted) console.log(`  still at it: ${seconds()} s`);
	}, 20_000);
	return (lastLine) => {
		clearInterval(timer);
		if (!halted) console.log(lastLine);
	};
}

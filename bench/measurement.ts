/** One table of a measurement's results, as strings ready to print. */
export interface Figures {
	title: string;
	columns: string[];
	rows: string[][];
	notes: string[];
	/** What a reader should remember, in one line for the top of the page. */
	takeaway?: string;
}

/** Prints a progress message. */
export type Log = (message: string) => void;

/** One measurement of `npm run bench`. It takes minutes. */
export interface Measurement {
	name: string;
	measure(log: Log): Promise<Figures[]>;
}

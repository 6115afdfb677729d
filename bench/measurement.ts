/** A table of figures that one measurement gives: strings as they are printed. */
export interface Figures {
	title: string;
	columns: string[];
	rows: string[][];
	notes: string[];
}

/** One thing that `npm run bench` measures. Takes minutes; tells its progress by `say`. */
export interface Measurement {
	name: string;
	measure(say: (words: string) => void): Promise<Figures[]>;
}

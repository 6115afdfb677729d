import { random } from '../../emulator';

/** When n8n is killed: `thenMs` after the first moment at which something is so. */
export type Kill = { thenMs: number } & (
	| {
			/** The API has accepted so many jobs of the batch that is being submitted. */
			when: 'submitting';
			batch: number;
			accepted: number;
	  }
	/** The API has told of so many more jobs that they are finished. */
	| { when: 'checking'; told: number }
	/** The trigger has started one more execution. */
	| { when: 'delivering' }
);

/** All that is random about a round. The same seed gives the same plan. */
export interface RoundPlan {
	seed: number;
	/** The prompts that one execution submits; no two of a round are alike. */
	batches: string[][];
	/** Before each batch. */
	pausesMs: number[];
	/** In the order in which they happen. */
	kills: Kill[];
}

const BATCHES = 5;
const BATCH_SIZE = 10;

export function planRound(seed: number): RoundPlan {
	const draw = random(seed);
	const between = (least: number, most: number) => least + Math.floor(draw() * (most - least + 1));
	const shuffled = <T>(all: T[]): T[] =>
		all
			.map((one) => ({ one, at: draw() }))
			.sort((a, b) => a.at - b.at)
			.map(({ one }) => one);

	const batchNumbers = Array.from({ length: BATCHES }, (_, batch) => batch);
	const batches = batchNumbers.map((batch) =>
		Array.from({ length: BATCH_SIZE }, (_, item) => {
			const outcome = draw() < 0.1 ? ', fails' : '';
			return `Wish ${seed}-${batch}-${item}: ${between(5, 20)} s${outcome}`;
		}),
	);

	const submitting = shuffled(batchNumbers)
		.slice(0, between(1, 2))
		.sort((a, b) => a - b)
		.map((batch): Kill => {
			const accepted = between(0, BATCH_SIZE);
			return { when: 'submitting', batch, accepted, thenMs: between(0, 400) };
		});
	const later: Kill[] = [
		{ when: 'checking', told: between(1, 15), thenMs: between(0, 1_200) },
		{ when: 'delivering', thenMs: between(0, 400) },
	];
	const polling = shuffled([0, 1])
		.slice(0, between(1, 2))
		.sort((a, b) => a - b)
		.flatMap((index) => later[index] ?? []);

	return {
		seed,
		batches,
		pausesMs: batches.map(() => between(0, 4_000)),
		kills: [...submitting, ...polling],
	};
}

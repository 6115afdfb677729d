import { random } from '../../emulator';

/** When n8n is killed: `thenMs` after a condition holds. */
export type Kill = { thenMs: number } & (
	| {
			/** The API has accepted this many jobs of the batch that is being submitted. */
			when: 'submitting';
			batch: number;
			accepted: number;
	  }
	/** The API has reported this many more jobs as finished. */
	| { when: 'checking'; finished: number }
	/** The trigger has started another execution. */
	| { when: 'delivering' }
);

export interface WorkflowVariant {
	/** n8n saves what each node has done. Otherwise it only knows which nodes had started and ended when it was killed. */
	savesProgress: boolean;
	/** n8n takes the node that stands last in the workflow's list for the one that was interrupted. */
	isReversed: boolean;
}

/** All random choices of a round. The same seed gives the same plan. */
export interface RoundPlan {
	seed: number;
	/** The prompts that each execution submits. They are unique within a round. */
	batches: string[][];
	/** Before each batch. */
	pausesMs: number[];
	/** How n8n keeps the execution of each batch. */
	workflows: WorkflowVariant[];
	/** In order. */
	kills: Kill[];
}

const BATCHES = 5;
const BATCH_SIZE = 10;

export function planRound(seed: number): RoundPlan {
	const draw = random(seed);
	const between = (min: number, max: number) => min + Math.floor(draw() * (max - min + 1));
	const shuffled = <T>(all: T[]): T[] =>
		all
			.map((one) => ({ one, at: draw() }))
			.sort((a, b) => a.at - b.at)
			.map(({ one }) => one);

	const batchNumbers = Array.from({ length: BATCHES }, (_, batch) => batch);
	const batches = batchNumbers.map((batch) =>
		Array.from({ length: BATCH_SIZE }, (_, item) => {
			const outcome = draw() < 0.1 ? ', fails' : '';
			return `Video ${seed}-${batch}-${item}: ${between(5, 20)} s${outcome}`;
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
		{ when: 'checking', finished: between(1, 15), thenMs: between(0, 1_200) },
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
		workflows: batches.map(() => ({ savesProgress: draw() < 0.5, isReversed: draw() < 0.5 })),
		kills: [...submitting, ...polling],
	};
}

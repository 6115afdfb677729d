import { random } from '../../../emulator';
import { correct, median, nothing, simulate } from './checkSimulation';

describe('Checks', () => {
	it.each([
		['correct estimates', correct],
		['neither estimates nor progress', nothing],
	])(
		'do not pile up: 1,000 pending in a steady state, with %s',
		async (_, fields) => {
			const simulation = simulate({ fields, latencyMs: 50 });
			const next = random(1);
			for (let second = 0; second < 900; second++) {
				for (let i = 0; i < 8; i++) simulation.add(105_000 + next() * 30_000);
				await simulation.clock.advance(1_000);
			}
			const late = simulation.latenesses();
			expect(late.length).toBeGreaterThan(6_000);
			expect(median(late)).toBeLessThanOrEqual(10_000);
			expect(late.at(-1)).toBeLessThanOrEqual(60_000);
			await simulation.end();
		},
		180_000,
	);
});

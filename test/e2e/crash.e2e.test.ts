import { planRound } from '../crash/plan';
import { lineOf } from '../crash/report';
import { Round } from '../crash/round';
import { startWithSlowApi } from '../crash/slowApi';
import type { Tables } from '../../harness/jobTables';

let tables: Tables;

beforeAll(async () => {
	tables = await startWithSlowApi();
});

afterAll(async () => {
	await tables.harness.close();
});

// Many more rounds: npm run test:crash
it('loses nothing and pays for nothing twice when n8n is killed while it submits and while it checks', async () => {
	const said: string[] = [];
	const result = await new Round(tables, planRound(6), (words) => said.push(words)).play();
	console.log([...said, lineOf(1, result)].join('\n'));
	expect(result).toMatchObject({ kills: 2, settled: true });
	expect(result).toMatchObject({ lost: [], paidTwice: [], unexplained: [] });
	expect(result.paid).toBeGreaterThanOrEqual(40);
	expect(result.delivered).toBe(result.paid - result.unclear.length);
}, 400_000);

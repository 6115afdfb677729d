/** An owner, whose API key sees all Data Tables, and a member, each with a table of the same name. */
import { setTimeout as sleep } from 'node:timers/promises';

import { objectOr, arrayOr } from '../../harness/json';
import { Tables } from '../../harness/jobTables';

const TABLE = 'veo_jobs';

let owner: Tables;
let member: Tables;

beforeAll(async () => {
	owner = await Tables.start();
	member = await Tables.of(await owner.harness.asMember());
}, 120_000);

afterAll(async () => {
	await owner.harness.close();
});

const tablesOf = async ({ harness }: Tables) =>
	arrayOr(objectOr(await harness.client.api('GET', '/data-tables?limit=250')).data)
		.map(objectOr)
		.filter(({ name }) => name === TABLE);

it('deliver their own videos only, and the owner is told to choose a table', async () => {
	await member.submit(TABLE, "the member's first");
	// The member's table is there already, and the owner's key sees it.
	await owner.submit(TABLE, "the owner's first");
	const [membersTable, ...none] = await tablesOf(member);
	expect(none).toEqual([]);
	const both = await tablesOf(owner);
	expect(both).toHaveLength(2);
	const ownersTable = both.find(({ id }) => id !== membersTable?.id);

	const byName = await owner.harness.save(owner.watching({ jobTableName: TABLE }));
	const refusal = await owner.activate(byName);
	for (const { id, projectId, createdAt } of both) {
		expect(refusal).toContain(String(id));
		expect(refusal).toContain(`project ${String(projectId)}`);
		expect(refusal).toContain(`created ${String(createdAt)}`);
	}
	expect(refusal).toContain("Choose the right one in 'Job Table Name' from the list.");

	const fromList = { __rl: true, mode: 'list', value: ownersTable?.id, cachedResultName: TABLE };
	const ownersWatch = await owner.watch({ jobTableName: fromList });
	const membersWatch = await member.watch({ jobTableName: TABLE });
	await Promise.all([
		owner.submit(fromList, "10 s the owner's second"),
		member.submit(TABLE, "10 s the member's second"),
	]);
	await Promise.all([owner.deliveries(ownersWatch, 2), member.deliveries(membersWatch, 2)]);
	// More deliveries would come in the next rounds.
	await sleep(25_000);

	const promptsOf = async (delivered: ReturnType<Tables['delivered']>) =>
		(await delivered).map(({ json }) => json.prompt).sort();
	expect(await promptsOf(owner.delivered(ownersWatch))).toEqual([
		"10 s the owner's second",
		"the owner's first",
	]);
	expect(await promptsOf(member.delivered(membersWatch))).toEqual([
		"10 s the member's second",
		"the member's first",
	]);
	const prompts = async (tables: Tables) =>
		await Promise.all(
			(await tablesOf(tables)).map(async ({ id }) => {
				const { client } = tables.harness;
				const rows = objectOr(await client.api('GET', `/data-tables/${String(id)}/rows`)).data;
				return arrayOr(rows).map((row) => String(objectOr(row).prompt).replace(/.*the /, 'the '));
			}),
		);
	expect(await prompts(member)).toEqual([["the member's first", "the member's second"]]);
	expect((await prompts(owner)).sort()).toEqual([
		["the member's first", "the member's second"],
		["the owner's first", "the owner's second"],
	]);
}, 300_000);

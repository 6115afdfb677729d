import { JOBS, type Sent } from '../fakeN8n';
import { json, rejectionOf, type Reply, REPLIES } from '../fakes';
import { at, HOUR_MS, LATENCY_MS, MINUTE_MS, SECOND_MS, urlOf } from './fakes';
import { type SceneOptions, tableScene } from './tableScene';

const badText = json(400, { message: 'invalid byte sequence' });
const isWrite = (line: string) => line.startsWith('PATCH');

/** Jobs that are completed at the API, in rows that n8n answers so. */
function completed(uuids: string[], answer: (sent: Pick<Sent, 'json'>) => Reply | undefined) {
	const scene = tableScene();
	for (const uuid of uuids) {
		scene.n8n.insert(JOBS, { uuid, status: 'processing' });
		scene.veo.complete(uuid);
	}
	scene.n8n.refuse = (line, body) => (isWrite(line) ? answer({ json: body }) : undefined);
	const statuses = () => scene.n8n.rows().map(({ status }) => status);
	const writes = () => scene.n8n.to('PATCH').map((sent) => sent.json);
	return { ...scene, statuses, writes };
}

const ofRow = (id: number, uuid: string) => ({
	type: 'and',
	filters: [
		{ columnName: 'id', condition: 'eq', value: id },
		{ columnName: 'uuid', condition: 'eq', value: uuid },
		{ columnName: 'finishedAt', condition: 'eq', value: null },
	],
});

describe('The row of a job that became final', () => {
	it('is written at once, by its id and uuid and unless it is final already', async () => {
		const { writes, round } = completed(['v-1'], () => undefined);
		await round();
		const time = at(LATENCY_MS);
		const data = { status: 'completed', checkedAt: time, videoUrl: urlOf('v-1'), finishedAt: time };
		expect(writes()).toEqual([{ filter: ofRow(1, 'v-1'), data }]);
	});

	it('is written without its texts where n8n refuses them, and then no more', async () => {
		const { writes, statuses, round, warnings } = completed(['v-1'], ({ json: body }) =>
			JSON.stringify(body).includes('videoUrl') ? badText : undefined,
		);
		await round();
		await round();
		const time = at(LATENCY_MS);
		expect(writes().slice(1)).toEqual([
			{
				filter: ofRow(1, 'v-1'),
				data: { status: 'completed', finishedAt: time, checkedAt: time },
			},
		]);
		expect(statuses()).toEqual(['completed']);
		expect(warnings).toEqual([]);
	});

	it('that holds no video ID is written without its reason where n8n refuses that', async () => {
		const { n8n, writes, round } = completed([], ({ json: body }) =>
			JSON.stringify(body).includes('errorMessage') ? badText : undefined,
		);
		n8n.insert(JOBS, { uuid: '..' });
		await round();
		expect(writes().slice(1)).toEqual([
			{ filter: ofRow(1, '..'), data: { status: 'failed', finishedAt: at(0) } },
		]);
	});

	it('is left alone where n8n refuses it in any form, and named in the log', async () => {
		const { veo, n8n, writes, round, items, warnings, statuses } = completed(
			['bad', 'good'],
			({ json: body }) => (JSON.stringify(body).includes('"bad"') ? badText : undefined),
		);
		await round();
		expect(writes()).toHaveLength(3);
		for (let count = 0; count < 8; count++) await round(10 * SECOND_MS);
		expect(writes()).toHaveLength(3);
		expect(veo.checksOf('bad')).toHaveLength(1);
		expect(statuses()).toEqual(['processing', 'completed']);
		expect(items().map(({ uuid }) => uuid)).toEqual(['good', 'bad']);
		expect(warnings).toEqual([
			"Veo Trigger \"Veo\": The row of video bad could not be written. The video is delivered all the same. The Data Table needs the columns that 'Track Job' gives to a table that it creates. Choose another 'Job Table Name', or correct the columns.",
		]);
		// Another row may get its id.
		Object.assign(n8n.rows()[0] ?? {}, { uuid: 'other' });
		veo.complete('other');
		await round();
		expect(statuses()).toEqual(['completed', 'completed']);
	});

	it('is written once n8n is back, without another check, and told of before', async () => {
		let isAway = true;
		const { veo, round, items, statuses, n8n, warnings } = completed(['v-1', 'v-2'], () =>
			isAway ? REPLIES.http5xx : undefined,
		);
		await round();
		expect(items()).toHaveLength(2);
		expect(warnings[0]).toContain('The row of video v-2 could not be written.');
		await round();
		expect(statuses()).toEqual(['processing', 'processing']);
		isAway = false;
		await round();
		expect(statuses()).toEqual(['completed', 'completed']);
		expect(n8n.row('v-1')).toMatchObject({ finishedAt: items()[1]?.finishedAt });
		expect(veo.checks).toHaveLength(2);
		expect(items()).toHaveLength(2);
	});

	it('waits for the next round where only a row that somebody else finished was confirmed', async () => {
		let isAway = true;
		const { n8n, veo, round, advance, items, statuses } = completed(['v-1'], () =>
			isAway ? REPLIES.http5xx : undefined,
		);
		await round();
		n8n.insert(JOBS, { uuid: 'v-2', status: 'completed', finishedAt: at(1) });
		veo.complete('v-2');
		await round(0);
		isAway = false;
		await advance(SECOND_MS);
		expect(items()).toHaveLength(2);
		expect(statuses()).toEqual(['processing', 'completed']);
		await round();
		expect(statuses()).toEqual(['completed', 'completed']);
	});

	it('costs one request in each round while n8n is away, however many rows wait', async () => {
		let isAway = true;
		const { writes, statuses, round } = completed(['v-1', 'v-2', 'v-3'], () =>
			isAway ? REPLIES.http5xx : undefined,
		);
		await round();
		const before = writes().length;
		await round();
		await round();
		expect(writes()).toHaveLength(before + 2);
		isAway = false;
		await round();
		expect(statuses()).toEqual(['completed', 'completed', 'completed']);
		expect(writes()).toHaveLength(before + 5);
	});

	it('waits until the user has corrected the table, and keeps no other waiting', async () => {
		let isMended = false;
		const { writes, statuses, round, warnings } = completed(['bad', 'good'], ({ json: body }) =>
			!isMended && JSON.stringify(body).includes('"bad"')
				? json(400, { message: "unknown column 'videoUrl'" })
				: undefined,
		);
		await round();
		expect(statuses()).toEqual(['processing', 'completed']);
		expect(writes()).toHaveLength(2);
		expect(warnings).toEqual([expect.stringContaining('Add a column with exactly this name')]);
		await round();
		expect(writes()).toHaveLength(3);
		isMended = true;
		await round();
		expect(statuses()).toEqual(['completed', 'completed']);
	});
});

describe('The last check and the progress of unfinished jobs', () => {
	/** More jobs than one write holds, in a table that n8n does not write. */
	function readOnly(count: number, settings: SceneOptions = {}) {
		const scene = tableScene(settings);
		const { n8n, veo, clock, watch } = scene;
		for (let index = 1; index <= count; index++) {
			veo.set(`v-${index}`, 'processing', { progress: 42 });
			n8n.insert(JOBS, { uuid: `v-${index}`, status: 'processing', submittedAt: at(0) });
		}
		n8n.refuse = (line) => (isWrite(line) ? REPLIES.http403 : undefined);
		const failingRound = async () => await rejectionOf(clock.run(watch.round()));
		return { ...scene, failingRound };
	}

	it('are written a minute after a write that failed, which costs one request', async () => {
		const { n8n, round, failingRound, advance } = readOnly(250);
		await round(30 * SECOND_MS);
		await failingRound();
		expect(n8n.to('PATCH')).toHaveLength(1);
		n8n.refuse = () => undefined;
		for (const seconds of [10, 20, 29]) {
			await advance(seconds * SECOND_MS);
			await round(0);
			expect(n8n.to('PATCH')).toHaveLength(1);
		}
		await advance(SECOND_MS);
		await round();
		for (const row of n8n.rows()) expect(row).toMatchObject({ progress: 40 });
	});

	it('are written after a write that failed although no check came in between', async () => {
		const { n8n, queue, round, failingRound, advance } = readOnly(1);
		await round(20 * SECOND_MS);
		await failingRound();
		queue.pause(Infinity);
		n8n.refuse = () => undefined;
		await advance(MINUTE_MS);
		await round();
		expect(n8n.rows()).toMatchObject([{ progress: 40 }]);
	});

	it('hold up neither the record of deliveries nor the clean-up', async () => {
		const { n8n, round, failingRound } = readOnly(1, {
			...{ events: ['completed'], deleteAfterMs: HOUR_MS },
		});
		await round(HOUR_MS);
		n8n.insert(
			JOBS,
			{ uuid: 'old', status: 'completed', finishedAt: at(-2 * HOUR_MS) },
			{ uuid: 'skipped', status: 'failed', finishedAt: at(HOUR_MS - 1) },
		);
		const saves = n8n.to('POST').length;
		expect(await failingRound()).toMatchObject({ outcome: { name: 'http403' } });
		expect(n8n.to('POST')).toHaveLength(saves + 1);
		expect(n8n.rows().map(({ uuid }) => uuid)).toEqual(['v-1', 'skipped']);
	});
});

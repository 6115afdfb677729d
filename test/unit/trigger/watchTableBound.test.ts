/** How far the record of deliveries may count finished rows as delivered. */
import { Deliveries } from '../../../nodes/Veo/trigger/deliveries';
import { FakeN8n, JOBS, TRIGGERS } from '../fakeN8n';
import { FakeClock, json } from '../fakes';
import { at, FakeVeo, HOUR_MS, MINUTE_MS, SECOND_MS, START_MS, TRIGGER_KEY } from './fakes';
import { tableScene } from './tableScene';

/** A trigger that was off for ten hours. Generate and Wait finished `waited` five hours ago. */
function afterPause(begun: object[] = []) {
	const clock = new FakeClock(START_MS);
	const [n8n, veo] = [new FakeN8n(), new FakeVeo(clock)];
	const deliveries = JSON.stringify({ sinceMs: START_MS - 10 * HOUR_MS, delivered: [], begun });
	n8n.make(TRIGGERS);
	n8n.insert(TRIGGERS, { trigger: TRIGGER_KEY, tableId: 'table-1', deliveries });
	n8n.insert(JOBS, { uuid: 'waited', status: 'completed', finishedAt: at(-5 * HOUR_MS) });
	veo.complete('waited');
	return tableScene({ clock, n8n, veo, events: ['completed'] });
}

const uuidsOf = ({ items }: ReturnType<typeof tableScene>) => items().map(({ uuid }) => uuid);

describe('A row that finished while the trigger was off is delivered', () => {
	it('although a row that cannot be checked is handled before the finished rows are read', async () => {
		const scene = afterPause();
		scene.n8n.insert(JOBS, { uuid: 'my video', status: null });
		for (let count = 0; count < 3; count++) await scene.round(10 * SECOND_MS);
		expect(uuidsOf(scene)).toEqual(['waited']);
	});

	it('although others finish while the pending rows are still being read', async () => {
		const scene = afterPause();
		const { clock, n8n, veo } = scene;
		for (let id = 0; id < 300; id++) {
			n8n.insert(JOBS, { uuid: `v-${id}`, status: 'pending', finishedAt: null });
			veo.set(`v-${id}`, 'processing');
		}
		veo.set('v-299', 'failed');
		n8n.before = async () => await clock.pass(300);
		for (let count = 0; count < 3; count++) await scene.round(10 * SECOND_MS);
		expect(uuidsOf(scene)).toEqual(['waited']);
	});

	it('although others finish while the finished rows cannot be read', async () => {
		const scene = afterPause();
		const { clock, n8n, veo, watch } = scene;
		n8n.insert(JOBS, { uuid: 'v-1', status: 'pending', finishedAt: null });
		veo.complete('v-1');
		n8n.refuse = () =>
			n8n.sent.at(-1)?.query.sortBy?.startsWith('finishedAt') &&
			n8n.sent.at(-1)?.query.limit === '20'
				? json(500, {})
				: undefined;
		await clock.run(watch.round()).catch(() => undefined);
		await clock.advance(10 * SECOND_MS);
		expect(uuidsOf(scene)).toEqual(['v-1']);
		n8n.refuse = () => undefined;
		await scene.round(10 * SECOND_MS);
		expect(uuidsOf(scene)).toEqual(['v-1', 'waited']);
	});

	it('although n8n crashed before it was delivered, and a later batch is passed again', async () => {
		const jobs = [{ uuid: 'later', event: 'completed', finishedMs: START_MS - MINUTE_MS }];
		const scene = afterPause([{ key: 'key-1', jobs }]);
		scene.veo.complete('later');
		await scene.round(10 * SECOND_MS);
		await scene.round(10 * SECOND_MS);
		expect(uuidsOf(scene)).toEqual(['later', 'waited']);
	});
});

describe('The record', () => {
	const bound = ({ n8n }: ReturnType<typeof tableScene>) => {
		const { sinceMs } = JSON.parse(String(n8n.rows(TRIGGERS)[0]?.deliveries)) as {
			sinceMs: number;
		};
		return sinceMs;
	};

	it('counts nothing as delivered that finished after the last full reading', async () => {
		const scene = tableScene();
		const { n8n, veo, round, advance } = scene;
		const deliver = async (uuid: string) => {
			n8n.insert(JOBS, { uuid, status: 'pending' });
			veo.complete(uuid);
			await round(SECOND_MS);
		};
		await round();
		await deliver('v-1');
		expect(bound(scene)).toBe(START_MS);
		await advance(20 * MINUTE_MS);
		// This round reads all finished rows before it delivers `v-2`, so `v-1` is the latest that counts.
		await deliver('v-2');
		expect(bound(scene)).toBe(START_MS);
		await advance(MINUTE_MS);
		await deliver('v-3');
		expect(uuidsOf(scene)).toEqual(['v-1', 'v-2', 'v-3']);
		expect(bound(scene) - START_MS).toBeCloseTo(10 * MINUTE_MS + SECOND_MS, -4);
	});

	it('is that of before until the finished rows were read once', async () => {
		const scene = afterPause();
		const { n8n, clock, watch } = scene;
		n8n.insert(JOBS, { uuid: 'v-1', status: 'pending', finishedAt: null });
		scene.veo.complete('v-1');
		n8n.refuse = (line) =>
			line.endsWith('rows') && n8n.sent.at(-1)?.query.limit === '20' ? json(500, {}) : undefined;
		for (let count = 0; count < 3; count++) {
			await clock.run(watch.round()).catch(() => undefined);
			await clock.advance(20 * MINUTE_MS);
		}
		expect(uuidsOf(scene)).toEqual(['v-1']);
		expect(bound(scene)).toBe(START_MS - 10 * HOUR_MS);
		expect(Deliveries.parse(n8n.rows(TRIGGERS)[0]?.deliveries)?.size).toBe(1);
	});
});

describe('Rows with a time in the future', () => {
	it('hide no video that finishes before that time, however many there are', async () => {
		const scene = tableScene({ events: ['completed'] });
		const { n8n, veo, round } = scene;
		for (let id = 0; id < 2_100; id++) {
			n8n.insert(JOBS, {
				uuid: `v-${id}`,
				status: 'failed',
				finishedAt: '2100-01-01T00:00:00.000Z',
			});
		}
		await round(7 * SECOND_MS);
		n8n.insert(JOBS, { uuid: 'pending' });
		veo.complete('pending');
		await round(10 * SECOND_MS);
		n8n.insert(JOBS, {
			uuid: 'waited',
			status: 'completed',
			finishedAt: at(5 * SECOND_MS),
		});
		veo.complete('waited');
		await round(MINUTE_MS);
		await round(10 * SECOND_MS);
		expect(uuidsOf(scene)).toEqual(['pending', 'waited']);
	});
});

describe('A video that was delivered long ago is not delivered again', () => {
	/** A trigger that delivered `first`, and six others in the hour after that. */
	async function hourLater(refuse: FakeN8n['refuse'] = () => undefined) {
		const scene = tableScene();
		const { n8n, veo, round } = scene;
		n8n.refuse = refuse;
		for (const uuid of ['first', 'v-1', 'v-2', 'v-3', 'v-4', 'v-5', 'v-6']) {
			veo.complete(uuid);
			n8n.insert(JOBS, { uuid });
			await round(9 * SECOND_MS);
			await round(10 * MINUTE_MS);
		}
		expect(scene.items()).toHaveLength(7);
		return scene;
	}

	it('if its table is made again and its row is added again', async () => {
		const scene = await hourLater();
		scene.n8n.drop(JOBS);
		scene.n8n.make(JOBS);
		scene.n8n.insert(JOBS, { uuid: 'first' });
		await scene.round(10 * SECOND_MS);
		await scene.round(10 * SECOND_MS);
		expect(scene.n8n.row('first').status).toBe('completed');
		expect(scene.items()).toHaveLength(7);
	});

	it('after a restart, if its row could not be written', async () => {
		const { clock, n8n, veo } = await hourLater((line) =>
			line.startsWith('PATCH') ? json(403, {}) : undefined,
		);
		const again = tableScene({ clock, n8n, veo });
		await clock.run(again.watch.round()).catch(() => undefined);
		await again.advance(10 * SECOND_MS);
		expect(veo.checks.length).toBeGreaterThan(7);
		expect(again.items()).toEqual([]);
	});
});

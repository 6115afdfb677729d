import type { INodeExecutionData } from 'n8n-workflow';
import { notDelivered } from '../../../nodes/Veo/errors/messages';
import { RequestError } from '../../../nodes/Veo/errors/outcome';
import { VeoError } from '../../../nodes/Veo/errors/VeoError';
import { batchKey } from '../../../nodes/Veo/trigger/deliveries';
import { flushPromises } from '../fakes';
import { job, loaded, recordIn, scene } from './deliveryScene';
import { HOUR_MS, START_MS, TRIGGER_KEY } from './fakes';

const uuids = (count: number) => Array.from({ length: count }, (_, id) => `video-${id}`);
const away = () => {
	throw new RequestError({ name: 'http5xx' });
};

describe('A trigger that was never active', () => {
	it('delivers nothing that finished before it, and stores that at once', async () => {
		const { deliverer, saved, record } = await loaded();
		expect(saved).toEqual([deliverer.text]);
		expect(record().has(job(1, -1))).toBe(true);
		expect(record().has(job(1, 0))).toBe(false);
		expect(deliverer.isBefore(START_MS - 1)).toBe(true);
		expect(deliverer.isBefore(START_MS)).toBe(false);
	});

	it('knows nothing before it has loaded', () => {
		const { deliverer } = scene();
		expect(deliverer.text).toBe('');
		expect(deliverer.isBefore(START_MS - 1)).toBe(false);
		expect(deliverer.isDelivered(job(1, -1))).toBe(false);
		expect(deliverer.knows(job(1, -1))).toBe(false);
	});

	it('loads once, and again only if that failed', async () => {
		const beforeSave = jest.fn().mockImplementationOnce(away);
		const { load, saved, deliverer } = scene({ beforeSave });
		await expect(load()).rejects.toThrow(RequestError);
		expect(deliverer.text).toBe('');
		await load();
		await load();
		expect(saved).toHaveLength(1);
	});
});

describe('A finished job', () => {
	it('is known from when it is expected, and counts as delivered from when it is added', async () => {
		const { deliverer, add } = await loaded();
		expect(deliverer.knows(job(1))).toBe(false);
		deliverer.expect(job(1));
		expect(deliverer.knows(job(1))).toBe(true);
		expect(deliverer.isDelivered(job(1))).toBe(false);
		expect(deliverer.knows({ ...job(1), event: 'failed' })).toBe(false);
		add(job(1));
		expect(deliverer.isDelivered(job(1))).toBe(true);
		expect(deliverer.isDelivered(job(2))).toBe(false);
	});

	it('is stored as begun before it is passed to n8n, and as delivered after that', async () => {
		const atPassing: string[] = [];
		const { clock, n8n, saved, record, add, deliverer } = await loaded({
			onPassed: () => atPassing.push(saved.at(-1) ?? ''),
		});
		add(job(1));
		await clock.advance(50);
		expect(n8n.passed.map((one) => one.uuids)).toEqual([['video-1']]);
		const key = batchKey(TRIGGER_KEY, [job(1)]);
		expect(n8n.passed[0]?.key).toBe(key);
		expect(recordIn(atPassing[0]).begun).toEqual([{ key, jobs: [job(1)], atMs: START_MS + 50 }]);
		expect(recordIn(atPassing[0]).has(job(1))).toBe(false);
		expect(record().begun).toEqual([]);
		expect(record().has(job(1))).toBe(true);
		expect(deliverer.knows(job(1))).toBe(true);
		expect(n8n.warnings).toEqual([]);
	});

	it('that the user does not want counts as delivered and is not passed', async () => {
		const { clock, n8n, deliverer } = await loaded();
		deliverer.expect(job(1));
		deliverer.skip(job(1));
		expect(deliverer.isDelivered(job(1))).toBe(true);
		await clock.advance(2_000);
		expect(n8n.passed).toEqual([]);
	});

	it('that was added before the trigger could load is passed after that', async () => {
		const { clock, n8n, deliverer, load, add, saved } = scene();
		add(job(1));
		await clock.advance(2_000);
		expect(saved).toEqual([]);
		await load();
		await deliverer.retry();
		await clock.advance(50);
		expect(n8n.passed.map((one) => one.uuids)).toEqual([['video-1']]);
	});

	it('is not forgotten while others that finished later are delivered or skipped', async () => {
		const { clock, add, deliverer, record } = await loaded();
		deliverer.haveRead(START_MS + HOUR_MS);
		deliverer.expect(job(1));
		await clock.advance(HOUR_MS);
		deliverer.skip(job(2, HOUR_MS));
		expect(deliverer.isDelivered(job(1))).toBe(false);
		add(job(3, HOUR_MS));
		await clock.advance(50);
		expect(record().has(job(3, HOUR_MS))).toBe(true);
		expect(record().has(job(1))).toBe(false);
	});

	it('keeps no others from being forgotten once it is delivered or skipped', async () => {
		const { clock, add, deliverer } = await loaded();
		deliverer.expect(job(1));
		deliverer.skip(job(1));
		add(job(2));
		await clock.advance(HOUR_MS);
		add(job(3, HOUR_MS));
		deliverer.haveRead(START_MS + HOUR_MS);
		await clock.advance(50);
		expect(deliverer.isBefore(START_MS + HOUR_MS - 10 * 60_000 - 1)).toBe(true);
		expect(deliverer.isBefore(START_MS + HOUR_MS - 10 * 60_000)).toBe(false);
	});
});

describe('Finished jobs', () => {
	it('that are added within 50 ms share an execution, the first to finish first', async () => {
		const { clock, n8n, add } = await loaded();
		add(job(1, 7));
		await clock.advance(49);
		add(job(2, 3), job(3, 5));
		await clock.advance(1);
		expect(n8n.passed).toMatchObject([
			{ atMs: START_MS + 50, uuids: ['video-2', 'video-3', 'video-1'] },
		]);
	});

	it('that are added while an execution starts go into the next', async () => {
		const { clock, n8n, add } = await loaded({ taking: 'runs' });
		add(job(1));
		await clock.advance(50);
		add(job(2));
		await clock.advance(500);
		expect(n8n.passed).toHaveLength(1);
		n8n.passed[0]?.end();
		await clock.advance(50);
		expect(n8n.passed.map((one) => one.uuids)).toEqual([['video-1'], ['video-2']]);
	});

	it('are collected for up to a second while more are being verified', async () => {
		const { clock, n8n, add } = await loaded({ rules: { isCollecting: () => true } });
		add(job(1));
		await clock.advance(900);
		add(job(2));
		await clock.advance(2_000);
		expect(n8n.passed).toMatchObject([{ atMs: START_MS + 1_000, uuids: ['video-1', 'video-2'] }]);
	});

	it('are collected while others wait for their download, three of which run at once', async () => {
		let running = 0;
		let most = 0;
		const toItem = async ({ uuid }: { uuid?: unknown }): Promise<INodeExecutionData> => {
			most = Math.max(most, ++running);
			await clock.pass(200);
			running--;
			return { json: { uuid: String(uuid) } };
		};
		const { clock, n8n, add } = await loaded({ rules: { toItem } });
		add(...[0, 1, 2, 3, 4, 5, 6].map((id) => job(id)));
		await clock.advance(1_000);
		expect(most).toBe(3);
		// At 200 ms three are ready and one still waits; it is begun at 400 ms.
		expect(n8n.passed.map((one) => one.uuids)).toEqual([uuids(6), ['video-6']]);
	});

	it('are at most 100 in an execution', async () => {
		const { clock, n8n, add } = await loaded();
		add(...uuids(250).map((_, id) => job(id)));
		await clock.advance(1_000);
		expect(n8n.passed.map((one) => one.items.length)).toEqual([100, 100, 50]);
		expect(n8n.passed.flatMap((one) => one.uuids)).toEqual(uuids(250));
	});

	it('are collected no longer than until there are 100', async () => {
		const { clock, n8n, add } = await loaded({ rules: { isCollecting: () => true } });
		add(...uuids(100).map((_, id) => job(id)));
		await clock.advance(50);
		expect(n8n.passed).toHaveLength(1);
	});

	it('do not wait for one whose item cannot be made', async () => {
		const toItem = jest.fn(async ({ uuid }: { uuid?: unknown }) => {
			if (uuid === 'video-1') throw new Error('Stopped');
			return await Promise.resolve({ json: { uuid: String(uuid) } });
		});
		const { clock, n8n, add } = await loaded({ rules: { toItem } });
		add(job(1), job(2), job(3), job(4), job(5));
		await clock.advance(50);
		expect(n8n.passed.flatMap((one) => one.uuids)).toEqual(uuids(6).slice(2));
		expect(toItem).toHaveBeenCalledTimes(5);
	});

	it('are delivered later if it cannot be said whether more are coming', async () => {
		const isCollecting = jest
			.fn(() => false)
			.mockImplementationOnce(() => {
				throw new Error('Boom');
			});
		const { clock, n8n, add, deliverer } = await loaded({ rules: { isCollecting } });
		add(job(1));
		await clock.advance(50);
		expect(n8n.passed).toEqual([]);
		expect(n8n.warnings.join()).toContain('Boom');
		await deliverer.retry();
		await clock.advance(50);
		expect(n8n.passed).toHaveLength(1);
	});
});

describe('A stopped trigger', () => {
	it('stores and passes nothing any more', async () => {
		const { clock, n8n, add, stop, saved, deliverer } = await loaded();
		stop.abort();
		add(job(1));
		await deliverer.retry();
		await clock.advance(2_000);
		expect(n8n.passed).toEqual([]);
		expect(saved).toHaveLength(1);
	});

	it('passes nothing if it was stopped while the batch was stored, which is passed after the next start', async () => {
		const beforeSave = jest.fn();
		const { clock, n8n, add, stop, record } = await loaded({ beforeSave });
		beforeSave.mockImplementationOnce(() => stop.abort());
		add(job(1));
		await clock.advance(2_000);
		expect(n8n.passed).toEqual([]);
		expect(record().begun).toMatchObject([{ jobs: [job(1)] }]);
	});
});

describe('A batch that cannot be stored', () => {
	it('is not passed to n8n, and tried again in the next round', async () => {
		const beforeSave = jest.fn();
		const { clock, n8n, add, deliverer, record } = await loaded({ beforeSave });
		beforeSave.mockImplementationOnce(away);
		add(job(1), job(2));
		await clock.advance(2_000);
		expect(n8n.passed).toEqual([]);
		expect(n8n.warnings).toEqual([`Veo Trigger "Veo": ${notDelivered(2)}`]);
		expect(recordIn(deliverer.text).begun).toEqual([]);
		expect(deliverer.knows(job(1))).toBe(true);
		await deliverer.retry();
		await clock.advance(50);
		expect(n8n.passed.map((one) => one.uuids)).toEqual([['video-1', 'video-2']]);
		expect(record().begun).toEqual([]);
	});

	it('is tried again in the next round if the user has to correct the storage first', async () => {
		const beforeSave = jest.fn();
		const { clock, n8n, add, deliverer } = await loaded({ beforeSave });
		beforeSave.mockImplementationOnce(() => {
			throw new VeoError('There are several tables of this name', 'Delete one.');
		});
		add(job(1));
		await clock.advance(2_000);
		expect(n8n.passed).toEqual([]);
		await deliverer.retry();
		await clock.advance(50);
		expect(n8n.passed.map((one) => one.uuids)).toEqual([['video-1']]);
	});
});

describe('A batch that n8n refuses', () => {
	it('is not delivered, and tried again in the next round', async () => {
		const { clock, n8n, add, deliverer, record } = await loaded({ taking: 'refuses' });
		add(job(1));
		await clock.advance(2_000);
		expect(n8n.passed).toHaveLength(1);
		expect(n8n.warnings).toEqual([`Veo Trigger "Veo": ${notDelivered(1)}`]);
		expect(record().begun).toEqual([]);
		expect(record().has(job(1))).toBe(false);
		expect(deliverer.isDelivered(job(1))).toBe(true);
		n8n.taking = 'ends';
		add(job(2));
		await clock.advance(50);
		expect(n8n.passed[1]?.uuids).toEqual(['video-1', 'video-2']);
		expect(record().has(job(1))).toBe(true);
	});

	it('counts as delivered if n8n says nothing for a second', async () => {
		const { clock, n8n, add, record } = await loaded({ taking: 'runs' });
		add(job(1));
		await clock.advance(50 + 999);
		expect(record().has(job(1))).toBe(false);
		await clock.advance(1 + 500);
		expect(record().has(job(1))).toBe(true);
		expect(n8n.passed).toHaveLength(1);
	});

	it('is taken back if n8n says so late, and passed again in the next round', async () => {
		const { clock, n8n, add, deliverer, record } = await loaded({ taking: 'runs' });
		add(job(1));
		await clock.advance(2_000);
		expect(record().has(job(1))).toBe(true);
		n8n.passed[0]?.refuse();
		await flushPromises();
		expect(n8n.warnings).toEqual([`Veo Trigger "Veo": ${notDelivered(1)}`]);
		expect(recordIn(deliverer.text).has(job(1))).toBe(false);
		expect(deliverer.knows(job(1))).toBe(true);
		expect(deliverer.isDelivered(job(1))).toBe(true);
		expect(n8n.passed).toHaveLength(1);
		await deliverer.retry();
		await clock.advance(50);
		expect(n8n.passed.map((one) => one.uuids)).toEqual([['video-1'], ['video-1']]);
	});

	it('is not forgotten after n8n refused it late, while others are delivered', async () => {
		const { clock, n8n, deliverer } = await loaded({ taking: 'runs' });
		deliverer.add(job(1), {});
		await clock.advance(2_000);
		n8n.passed[0]?.refuse();
		await clock.advance(HOUR_MS);
		deliverer.haveRead(START_MS + HOUR_MS);
		deliverer.skip(job(2, HOUR_MS));
		await deliverer.retry();
		expect(recordIn(deliverer.text).has(job(1))).toBe(false);
	});

	it('is not taken back if its execution ends later', async () => {
		const { clock, n8n, add, deliverer } = await loaded({ taking: 'runs' });
		add(job(1));
		await clock.advance(2_000);
		n8n.passed[0]?.end();
		await deliverer.retry();
		await clock.advance(2_000);
		expect(n8n.passed).toHaveLength(1);
		expect(n8n.warnings).toEqual([]);
	});
});

import { missingTable } from '../../../nodes/Veo/errors/messages';
import { RequestError } from '../../../nodes/Veo/errors/outcome';
import { StoppedError } from '../../../nodes/Veo/errors/VeoError';
import { job, loaded } from './deliveryScene';
import { HOUR_MS } from './fakes';

const away = () => {
	throw new RequestError({ name: 'http5xx' });
};

describe('The record', () => {
	it('of a skipped job is stored in the next round', async () => {
		const { deliverer, record } = await loaded();
		deliverer.skip(job(1));
		await deliverer.retry();
		expect(record().has(job(1))).toBe(true);
	});

	it('that could not be stored after a delivery is stored in the next round', async () => {
		const beforeSave = jest.fn();
		const { clock, add, deliverer, record, saved } = await loaded({ beforeSave });
		beforeSave.mockImplementationOnce(() => undefined).mockImplementationOnce(away);
		add(job(1));
		await clock.advance(2_000);
		expect(record().has(job(1))).toBe(false);
		await deliverer.retry();
		expect(record().has(job(1))).toBe(true);
		await deliverer.retry();
		expect(saved).toHaveLength(3);
	});

	it('is stored once a day if there is no news', async () => {
		const { clock, deliverer, saved } = await loaded();
		await clock.advance(24 * HOUR_MS - 1);
		await deliverer.retry();
		expect(saved).toHaveLength(1);
		await clock.advance(1);
		await deliverer.retry();
		expect(saved).toHaveLength(2);
		await deliverer.retry();
		expect(saved).toHaveLength(2);
	});

	it('is not stored by a round while a batch is being delivered', async () => {
		const { clock, add, deliverer, saved } = await loaded({ taking: 'runs' });
		deliverer.skip(job(1));
		add(job(2));
		await clock.advance(50);
		await deliverer.retry();
		expect(saved).toHaveLength(2);
	});

	it('holds no batch twice, and the log says why, where the user has spoilt its table', async () => {
		const spoilt = () => {
			throw missingTable('veo_triggers');
		};
		const beforeSave = jest.fn();
		const { clock, add, deliverer, n8n, record } = await loaded({ beforeSave });
		beforeSave.mockImplementation(spoilt);
		add(job(1));
		await clock.advance(50);
		await deliverer.retry();
		await clock.advance(50);
		expect(n8n.passed).toEqual([]);
		expect(n8n.warnings.join('\n')).toContain("There is no Data Table named 'veo_triggers'");
		beforeSave.mockReset();
		await deliverer.retry();
		await clock.advance(50);
		expect(n8n.passed).toHaveLength(1);
		expect(record().begun).toEqual([]);
	});

	it('is not passed again if n8n took it and only the record failed', async () => {
		const beforeSave = jest.fn();
		const { clock, add, deliverer, n8n } = await loaded({ beforeSave });
		beforeSave.mockReturnValueOnce(undefined).mockImplementationOnce(() => {
			throw missingTable('veo_triggers');
		});
		add(job(1));
		await clock.advance(50);
		await deliverer.retry();
		await clock.advance(50);
		expect(n8n.passed).toHaveLength(1);
	});

	it('is not missed in the log by a trigger that is unpublished while it is stored', async () => {
		const beforeSave = jest.fn();
		const { clock, add, n8n, stop } = await loaded({ beforeSave });
		beforeSave.mockImplementation(() => {
			stop.abort();
			throw new StoppedError();
		});
		add(job(1));
		await clock.advance(50);
		expect(beforeSave).toHaveBeenCalled();
		expect([n8n.passed, n8n.warnings]).toEqual([[], []]);
	});
});

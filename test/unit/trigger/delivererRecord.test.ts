import { RequestError } from '../../../nodes/Veo/errors/outcome';
import { job, loaded } from './deliveryFakes';

const HOUR_MS = 60 * 60_000;
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
});

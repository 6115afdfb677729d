import { ProgressWriter } from '../../../nodes/Veo/jobs/progressWriter';
import { FakeClock, flushPromises } from '../fakes';
import { fakeJobTable, ITEM, NOW, REQUEST } from './fakes';

/** The writer of an accepted video, and the progress in its row. */
async function setUp() {
	const clock = new FakeClock(NOW);
	const table = fakeJobTable();
	const tracker = await table.open();
	await tracker.submitting(ITEM, REQUEST, false);
	const writer = new ProgressWriter(tracker, ITEM);
	const write = async (progress: unknown) => {
		writer.write({ uuid: 'v-1', status: 'processing', progress });
		await flushPromises();
		return table.rows[0]?.progress;
	};
	return { clock, table, tracker, writer, write };
}

describe('The progress in the row of a video', () => {
	it('is written as soon as there is any', async () => {
		const { write } = await setUp();
		expect(await write(0)).toBeNull();
		expect(await write(undefined)).toBeNull();
		expect(await write('1')).toBeNull();
		expect(await write(1)).toBe(1);
	});

	it('is left alone where it is no number', async () => {
		const { write } = await setUp();
		for (const progress of [{ toString: null }, [5], 'half', null]) {
			expect(await write(progress)).toBeNull();
		}
	});

	it('is written once a minute from then on', async () => {
		const { clock, write } = await setUp();
		await clock.advance(10_000);
		expect(await write(5)).toBe(5);
		await clock.advance(59_999);
		expect(await write(50)).toBe(5);
		await clock.advance(1);
		expect(await write(51)).toBe(51);
		await clock.advance(59_999);
		expect(await write(90)).toBe(51);
	});

	it('is written a minute after the acceptance, even if it is 0', async () => {
		const { clock, write } = await setUp();
		await clock.advance(59_999);
		expect(await write(0)).toBeNull();
		await clock.advance(1);
		expect(await write(0)).toBe(0);
	});

	it('has been written when the writer is done', async () => {
		const { tracker, writer } = await setUp();
		let written = () => {};
		const writing = new Promise<void>((resolve) => (written = resolve));
		jest.spyOn(tracker, 'checked').mockReturnValue(writing);
		await writer.done();
		writer.write({ uuid: 'v-1', status: 'processing', progress: 5 });
		const onDone = jest.fn();
		const done = writer.done().then(onDone);
		await flushPromises();
		expect(onDone).not.toHaveBeenCalled();
		written();
		await done;
	});

	it('that cannot be written stops nothing', async () => {
		const { tracker, writer } = await setUp();
		jest.spyOn(tracker, 'checked').mockRejectedValue(new Error('unexpected'));
		writer.write({ uuid: 'v-1', status: 'processing', progress: 5 });
		await expect(writer.done()).resolves.toBeUndefined();
	});
});

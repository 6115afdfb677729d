import { NodeOperationError } from 'n8n-workflow';
import { VeoError } from '../../../nodes/Veo/errors/VeoError';
import { Reporter } from '../../../nodes/Veo/trigger/reporter';
import { FakeClock } from '../fakes';
import { type ContextOptions, fakeContext, HOUR_MS, MINUTE_MS, START_MS } from './fakes';

const REFUSED = new VeoError('The API key is refused', 'Enter another one.');
const REFUSED_TEXT = 'The API key is refused. Enter another one.';

function scene(options: ContextOptions = {}) {
	const clock = new FakeClock(START_MS);
	const n8n = fakeContext(options);
	return { clock, n8n, reporter: new Reporter(n8n.context) };
}

describe('What a user has to correct', () => {
	it('becomes a failed execution with the complete text', () => {
		const { reporter, n8n } = scene();
		reporter.report(REFUSED);
		expect(n8n.failures).toEqual([REFUSED_TEXT]);
		expect(n8n.errors).toEqual([]);
	});

	it('becomes an error in the log where n8n saves no failed executions', () => {
		const { reporter, n8n } = scene({ savesFailures: false });
		reporter.report(REFUSED);
		expect(n8n.failures).toEqual([]);
		expect(n8n.errors).toEqual([`Veo Trigger "Veo": ${REFUSED_TEXT}`]);
	});

	it('is reported again after one hour, then after twice as long each time, up to a day', async () => {
		const { clock, reporter, n8n } = scene();
		const reportedAtHours: number[] = [];
		for (let minute = 0; minute <= 104 * 60; minute++) {
			const before = n8n.failures.length;
			reporter.report(REFUSED);
			if (n8n.failures.length > before) reportedAtHours.push(minute / 60);
			await clock.advance(MINUTE_MS);
		}
		expect(reportedAtHours).toEqual([0, 1, 3, 7, 15, 31, 55, 79, 103]);
	});

	it('is reported at once if it is something else, and then again after an hour', async () => {
		const { clock, reporter, n8n } = scene();
		const noTable = new NodeOperationError(n8n.context.getNode(), 'The table is missing');
		reporter.report(REFUSED);
		await clock.advance(HOUR_MS);
		reporter.report(REFUSED);
		reporter.report(noTable);
		expect(n8n.failures).toEqual([REFUSED_TEXT, REFUSED_TEXT, 'The table is missing']);
		await clock.advance(HOUR_MS - 1);
		reporter.report(noTable);
		expect(n8n.failures).toHaveLength(3);
		await clock.advance(1);
		reporter.report(noTable);
		expect(n8n.failures).toHaveLength(4);
	});

	it('is reported once where something else is reported in turn', () => {
		const { reporter, n8n } = scene();
		const other = new VeoError('The table is missing', 'Create it.');
		for (const thrown of [REFUSED, other, REFUSED, other]) reporter.report(thrown);
		expect(n8n.failures).toEqual([REFUSED_TEXT, 'The table is missing. Create it.']);
	});

	it('is reported at once if all was well in the meantime', () => {
		const { reporter, n8n } = scene();
		reporter.report(REFUSED);
		reporter.clear();
		reporter.report(REFUSED);
		expect(n8n.failures).toEqual([REFUSED_TEXT, REFUSED_TEXT]);
	});
});

describe('An outage that may pass', () => {
	it('is logged once in five minutes, with the name of the trigger', async () => {
		const { clock, reporter, n8n } = scene();
		reporter.log('The API does not answer.');
		await clock.advance(5 * MINUTE_MS - 1);
		reporter.log('The API does not answer.');
		expect(n8n.warnings).toEqual(['Veo Trigger "Veo": The API does not answer.']);
		await clock.advance(1);
		reporter.log('The API does not answer.');
		expect(n8n.warnings).toHaveLength(2);
		expect(n8n.failures).toEqual([]);
	});

	it('is logged whatever else is', async () => {
		const { clock, reporter, n8n } = scene();
		reporter.log('One');
		await clock.advance(4 * MINUTE_MS);
		reporter.log('Two');
		await clock.advance(MINUTE_MS);
		reporter.log('Two');
		reporter.log('One');
		expect(n8n.warnings.map((line) => line.slice(-3))).toEqual(['One', 'Two', 'One']);
	});
});

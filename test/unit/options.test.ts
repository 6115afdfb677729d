import { triggerOptionsField } from '../../nodes/Veo/descriptions/trigger';
import { optionsField } from '../../nodes/Veo/descriptions/video';
import { readNumber } from '../../nodes/Veo/shared/options';

describe('A number among the options', () => {
	it.each([
		['a number', 30, 30],
		['a number as text', ' 30 ', 30],
		['less than the form takes', 0, 5],
		['less than nothing', -30, 5],
		...[undefined, null, '', ' ', '10s', NaN, Infinity, true, [], [30], {}].map(
			(given): [string, unknown, number] => ['no number', given, 10],
		),
	])('is read from %s: %j', (_, given, expected) => {
		expect(readNumber(triggerOptionsField, { pollInterval: given }, 'pollInterval')).toBe(expected);
	});

	it('may be 0 where the form says so', () => {
		expect(readNumber(optionsField, { maxRetries: 0 }, 'maxRetries')).toBe(0);
	});
});

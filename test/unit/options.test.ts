import { triggerOptionsField } from '../../nodes/Veo/descriptions/trigger';
import { optionsField } from '../../nodes/Veo/descriptions/video';
import { readNumber } from '../../nodes/Veo/shared/options';

describe('readNumber', () => {
	it.each([
		['a number', 30, 30],
		['a number as text', ' 30 ', 30],
		['a number below the minimum', 0, 5],
		['a negative number', -30, 5],
		...[undefined, null, '', ' ', '10s', NaN, Infinity, true, [], [30], {}].map(
			(value): [string, unknown, number] => ['another value', value, 10],
		),
	])('reads %s: %j', (_, value, expected) => {
		expect(readNumber(triggerOptionsField, { pollInterval: value }, 'pollInterval')).toBe(expected);
	});

	it('accepts 0 if the minimum is 0', () => {
		expect(readNumber(optionsField, { maxRetries: 0 }, 'maxRetries')).toBe(0);
	});
});

import { readSettings, readUuids } from '../../../nodes/Veo/trigger/settings';
import { fakeContext, HOUR_MS } from './fakes';

const read = (parameters: Record<string, unknown>) =>
	readSettings(fakeContext({ parameters }).context);

describe('The form of the trigger', () => {
	it('means the defaults where nothing is filled in', () => {
		expect(read({ watch: 'jobTable' })).toEqual({
			watch: { tableRef: { name: 'veo_jobs' } },
			events: ['completed'],
			file: undefined,
			intervalMs: 10_000,
			giveUpAfterMs: 24 * HOUR_MS,
			deleteAfterMs: Infinity,
		});
	});

	it('is read in the units of the user', () => {
		const settings = read({
			...{ watch: 'jobTable', jobTableName: 'my jobs', events: ['failed'] },
			...{ downloadVideo: true, binaryOutputField: 'clip' },
			options: { pollInterval: 60, giveUpAfter: 2, deleteAfter: 3, fileName: 'fox' },
		});
		expect(settings).toEqual({
			watch: { tableRef: { name: 'my jobs' } },
			events: ['failed'],
			file: { field: 'clip', fileName: 'fox' },
			intervalMs: 60_000,
			giveUpAfterMs: 2 * HOUR_MS,
			deleteAfterMs: 3 * 24 * HOUR_MS,
		});
	});

	it('puts the file into the field "data" unless another one is named', () => {
		expect(read({ downloadVideo: 'true' }).file).toEqual({ field: 'data', fileName: undefined });
	});

	it('may list videos instead of a table', () => {
		expect(read({ watch: 'uuids', uuids: 'v-1' }).watch).toEqual({ uuids: ['v-1'] });
	});

	it('is refused where the table has no name', () => {
		expect(() => read({ watch: 'jobTable', jobTableName: ' ' })).toThrow(
			"The 'Job Table Name' is blank",
		);
	});
});

describe('The listed video IDs', () => {
	it.each<[unknown, string[]]>([
		['v-1', ['v-1']],
		[' v-1, v-2,v-3 ', ['v-1', 'v-2', 'v-3']],
		['v-1\nv-2\r\n\tv-3', ['v-1', 'v-2', 'v-3']],
		[
			['v-1 v-2', 'v-3', 4],
			['v-1', 'v-2', 'v-3', '4'],
		],
		[7, ['7']],
		['v-1 v-2 v-1', ['v-1', 'v-2']],
		['v-1 .. a/../b', ['v-1']],
		[['v-1', null, undefined, { uuid: 'v-2' }, true], ['v-1']],
	])('of %j are %j', (value, uuids) => {
		expect(readUuids(value)).toEqual(uuids);
	});

	it.each<unknown>(['', ' , ', [], null, undefined, {}, '..'])('are blank in %j', (value) => {
		expect(() => readUuids(value)).toThrow("The 'Video IDs' are blank");
	});
});

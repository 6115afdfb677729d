import {
	JOB_COLUMNS,
	jobTable,
	rowChanges,
	toJobRow,
	toJson,
} from '../../../nodes/Veo/jobTable/jobTable';
import { json, scripted } from '../fakes';

const row = {
	id: 7,
	createdAt: '2026-01-01T00:00:00.000Z',
	updatedAt: '2026-01-02T00:00:00.000Z',
	uuid: 'v-1',
	status: 'completed',
	progress: 100,
	videoUrl: 'https://example.com/v.mp4',
	jobKey: 'key',
	requestHash: 'hash',
	checkedAt: '2026-01-01T00:01:00.000Z',
	finishedAt: '2026-01-01T00:02:00.000Z',
	note: "a user's own column",
};

describe('A row', () => {
	it('is what its columns hold, without columns of the user', () => {
		const { updatedAt, note, ...known } = row;
		expect([updatedAt, note]).not.toContain(undefined);
		expect(toJobRow(row)).toEqual(known);
	});

	it('leaves out what is empty or of another type', () => {
		const odd = { id: '7', uuid: '', status: 5, progress: '50', videoUrl: null, prompt: 'A fox' };
		expect(toJobRow(odd)).toEqual({ id: 7, createdAt: undefined, prompt: 'A fox' });
	});

	it('becomes an item without what only the table needs', () => {
		expect(toJson(toJobRow(row))).toEqual({
			uuid: 'v-1',
			status: 'completed',
			progress: 100,
			videoUrl: 'https://example.com/v.mp4',
			finishedAt: '2026-01-01T00:02:00.000Z',
		});
	});
});

describe('The changes of a status answer', () => {
	const now = '2026-01-01T00:00:00.000Z';

	it('are all that it knows', () => {
		const known = { progress: 100, videoUrl: 'https://example.com/v.mp4', errorMessage: 'none' };
		const video = { uuid: 'v-1', status: 'completed', estimatedTime: 0, ...known };
		expect(rowChanges(video, now)).toEqual({
			status: 'completed',
			checkedAt: now,
			finishedAt: now,
			...known,
		});
	});

	it('leave the rest as it was', () => {
		const odd = { progress: '50', videoUrl: null, errorMessage: 7 };
		expect(rowChanges({ uuid: 'v-1', status: 'processing', ...odd }, now)).toEqual({
			status: 'processing',
			checkedAt: now,
		});
	});
});

it('The table is created with the columns that workflows refer to', async () => {
	const { send, sent } = scripted(
		json(200, { data: [] }),
		json(201, {}),
		json(200, { data: [{ id: 'x', name: 'jobs' }] }),
	);
	await jobTable(send, { name: 'jobs' }).ensure();
	const columns = Object.entries(JOB_COLUMNS).map(([name, type]) => ({ name, type }));
	expect(sent[1]?.request.json).toEqual({ name: 'jobs', columns });
});

it.each([
	['string', 'uuid status prompt generationType aspectRatio imageUrl videoUrl errorMessage'],
	['string', 'jobKey requestHash executionId workflowId'],
	['number', 'progress'],
	['date', 'submittedAt checkedAt finishedAt'],
])('Of type %s are the columns %s', (type, names) => {
	for (const name of names.split(' ')) expect(JOB_COLUMNS).toHaveProperty(name, type);
});

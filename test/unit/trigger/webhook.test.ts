import { stringsIn } from '../../../nodes/Veo/trigger/webhook';

const UUID = '2f1b8a36-0c3e-4c5e-9d28-5b1c6f0f9f4e';

describe('The strings of a webhook call', () => {
	it.each<[string, unknown]>([
		['JSON', { data: { uuid: UUID, status: 'completed' } }],
		['a list', [{ id: UUID }]],
		['a form', { uuid: UUID, code: '0' }],
		['a text', `video ${UUID}`.slice(6)],
		['JSON as a text', JSON.stringify({ uuid: UUID })],
		['a key', { [UUID]: 'completed' }],
		['a long text', `${'x '.repeat(40)}uuid=${UUID}&status=completed ${'y'.repeat(300)}`],
	])('include the uuid in %s', (_, body) => {
		expect(stringsIn(body)).toContain(UUID);
	});

	it('are at most a hundred, of at most 200 characters, whatever the body is', () => {
		const many = Array.from({ length: 1_000 }, (_, index) => `text ${index}`);
		expect(stringsIn(many)).toHaveLength(100);
		expect(stringsIn(['x'.repeat(201)])).toEqual([]);
		for (const body of [undefined, null, 7, true, '', {}, []]) expect(stringsIn(body)).toEqual([]);
	});

	it('are found without recursion in a body of any depth', () => {
		let body: unknown = UUID;
		for (let depth = 0; depth < 100_000; depth++) body = [body];
		expect(stringsIn(body)).toEqual([]);
	});
});

import { VeoClient } from '../../../nodes/Veo/api/client';
import { checkKey } from '../../../nodes/Veo/api/keyCheck';
import { RequestError } from '../../../nodes/Veo/errors/outcome';
import { json, REPLIES, type Reply, scripted, status } from '../fakes';

const check = async (reply: Reply) => {
	const { send, sent } = scripted(reply);
	return { failed: await checkKey(new VeoClient(send)), sent };
};

describe('the check of a key', () => {
	it('asks for the status of a video that does not exist, which is free', async () => {
		const { sent } = await check(REPLIES.code1000);
		expect(sent.map(({ request }) => request)).toEqual([
			{ method: 'GET', path: '/video-status/n8n-credential-test' },
		]);
	});

	it.each([
		['that there is no such video', REPLIES.code1000],
		['with its own words that there is no such page', json(404, { message: 'No such video' })],
		['as if there were such a video', status('pending')],
	])('passes if the API says %s', async (_, reply) => {
		expect((await check(reply)).failed).toBeUndefined();
	});

	it.each(['http401', 'code1002', 'refused', 'html'] as const)(
		'fails with the outcome of the request: %s',
		async (name) => {
			const { failed } = await check(REPLIES[name]);
			expect(failed).toBeInstanceOf(RequestError);
			expect(failed?.outcome.name).toBe(name);
		},
	);
});

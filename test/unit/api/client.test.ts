import { VeoClient } from '../../../nodes/Veo/api/client';
import { RequestError, settle } from '../../../nodes/Veo/errors/outcome';
import { OUTCOMES } from '../../../nodes/Veo/errors/outcome';
import type { GenerateRequest } from '../../../nodes/Veo/api/parameters';
import { PaidPermit } from '../../../nodes/Veo/api/policy';
import type { ImageFile } from '../../../nodes/Veo/api/transport';
import { StoppedError } from '../../../nodes/Veo/errors/VeoError';
import {
	hanging,
	json,
	ok,
	outcomeOf,
	REPLIES,
	type Reply,
	scripted,
	status,
	rejectionOf,
	transportOf,
} from '../fakes';

const request: GenerateRequest = {
	generationType: 'image_to_video',
	prompt: 'A fox in the snow',
	aspectRatio: '9:16',
	imageUrl: 'https://example.com/cat.png',
	imageKey: 'r2-key-123',
};

const image: ImageFile = {
	fileName: 'cat.png',
	mimeType: 'image/png',
	bytes: 3,
	open: async () => await Promise.resolve(Buffer.from('abc')),
};

function clientOf(...replies: Reply[]) {
	const server = scripted(...replies);
	const requests = () => server.sent.map(({ request: sent }) => sent);
	return { client: new VeoClient(server.send), requests, ...server };
}

/** The three methods, for the tests that apply to each. */
const CALLS: Array<[string, (client: VeoClient, signal?: AbortSignal) => Promise<unknown>]> = [
	[
		'generate',
		async (client, signal) => await client.generate(request, PaidPermit.first(), signal),
	],
	['status', async (client, signal) => await client.status('v-1', signal)],
	['upload', async (client, signal) => await client.upload(image, signal)],
];

describe.each(CALLS)('%s', (_, call) => {
	it.each([...OUTCOMES])('fails with the outcome %s', async (name) => {
		const { client, sent } = clientOf(REPLIES[name]);
		expect((await outcomeOf(call(client))).name).toBe(name);
		expect(sent).toHaveLength(1);
	});

	it('keeps the code of the network failure', async () => {
		expect(await outcomeOf(call(clientOf(REPLIES.dns).client))).toEqual({
			name: 'dns',
			networkCode: 'ENOTFOUND',
		});
	});

	it.each([[null], ['x'], [[]], [{}], [5], [{ error: 'x' }]])(
		'fails with the outcome shape if the data is %j',
		async (data) => {
			expect((await outcomeOf(call(clientOf(ok(data)).client))).name).toBe('shape');
		},
	);

	it('rejects when the run is stopped', async () => {
		const stop = new AbortController();
		const { send } = transportOf(hanging);
		const stopped = rejectionOf(call(new VeoClient(send), stop.signal));
		stop.abort();
		expect(await stopped).toBeInstanceOf(StoppedError);
	});
});

describe('generate', () => {
	it('sends the request unchanged and once', async () => {
		const { client, requests } = clientOf(ok({ uuid: 'v-1' }));
		await client.generate(request, PaidPermit.first());
		expect(requests()).toEqual([{ method: 'POST', path: '/generate-video', json: request }]);
	});

	it('returns all fields of the answer', async () => {
		const data = {
			uuid: 'v-1',
			status: 'pending',
			createdAt: '2025-10-16',
			unknownField: { a: [1] },
		};
		expect(await clientOf(ok(data)).client.generate(request, PaidPermit.first())).toEqual(data);
	});

	it('converts a numeric uuid to a string', async () => {
		const job = await clientOf(ok({ uuid: 42 })).client.generate(request, PaidPermit.first());
		expect(job.uuid).toBe('42');
	});

	it.each<[unknown]>([
		[''],
		['  '],
		[null],
		[true],
		[{}],
		[undefined],
		['..'],
		['a/../b'],
		['a\\..'],
		['v 1'],
		['v\0'],
		['\ud800'],
		['v'.repeat(201)],
	])('fails with the outcome shape if the uuid is %j', async (uuid) => {
		const { client } = clientOf(ok({ uuid, status: 'pending' }));
		const outcome = await outcomeOf(client.generate(request, PaidPermit.first()));
		expect(outcome).toMatchObject({ name: 'shape', data: { status: 'pending' } });
	});

	it.each<[string, number, object]>([
		['an unknown code', 200, { code: 200, msg: 'Success' }],
		['no code', 200, {}],
		['an HTTP status that says nothing about the request', 502, {}],
		['a server error', 200, { code: 5000, msg: 'Out of order' }],
	])('is a job if the answer names one, with %s', async (_, httpStatus, envelope) => {
		const data = { uuid: 'v-1', status: 'pending' };
		const { client } = clientOf(json(httpStatus, { ...envelope, data }));
		expect(await client.generate(request, PaidPermit.first())).toEqual(data);
	});

	it.each([1000, 1001, 1002, 1003])(
		'is refused with code %i, whatever else it says',
		async (code) => {
			const { client } = clientOf(json(200, { code, msg: 'No', data: { uuid: 'v-1' } }));
			const outcome = await outcomeOf(client.generate(request, PaidPermit.first()));
			expect(outcome.name).toBe(`code${code}`);
		},
	);

	it.each(['..', ' ', {}])('stays unclear if the uuid of such an answer is %j', async (uuid) => {
		const { client } = clientOf(json(502, { data: { uuid } }));
		const outcome = await outcomeOf(client.generate(request, PaidPermit.first()));
		expect(outcome.name).toBe('http5xx');
	});

	it('renames the field error of a job to errorMessage', async () => {
		const { client } = clientOf(ok({ uuid: 'v-1', status: 'pending', error: 'none yet' }));
		expect(await client.generate(request, PaidPermit.first())).toEqual({
			uuid: 'v-1',
			status: 'pending',
			errorMessage: 'none yet',
		});
	});

	it('sends no request with a used permit', async () => {
		const { client, sent } = clientOf(REPLIES.reset, ok({ uuid: 'v-2' }));
		const permit = PaidPermit.first();
		await outcomeOf(client.generate(request, permit));
		expect(String(await rejectionOf(client.generate(request, permit)))).toContain('sent twice');
		expect(sent).toHaveLength(1);
	});
});

describe('status', () => {
	it.each([
		['video-uuid-123', '/video-status/video-uuid-123'],
		['a/b?c=d#e', '/video-status/a%2Fb%3Fc%3Dd%23e'],
		['ویڈیو-1', '/video-status/%D9%88%DB%8C%DA%88%DB%8C%D9%88-1'],
	])('of the video %j is requested at %s', async (uuid, path) => {
		const { client, requests } = clientOf(status('pending'));
		await client.status(uuid);
		expect(requests()).toEqual([{ method: 'GET', path }]);
	});

	it('returns all fields of the answer with the requested uuid', async () => {
		const { client } = clientOf(
			ok({
				uuid: 'other',
				status: 'completed',
				videoUrl: 'https://x/v.mp4',
				progress: 100,
				n: null,
			}),
		);
		expect(await client.status('v-1')).toEqual({
			uuid: 'v-1',
			status: 'completed',
			videoUrl: 'https://x/v.mp4',
			progress: 100,
			n: null,
		});
	});

	it('accepts an answer that has only a status', async () => {
		expect(await clientOf(ok({ status: 'pending' })).client.status('v-1')).toEqual({
			uuid: 'v-1',
			status: 'pending',
		});
	});

	it.each([
		[{ errorMessage: 'Blocked' }, 'Success'],
		[{ failReason: 'Blocked' }, 'Success'],
		[{ error: 'Blocked' }, 'Success'],
		[{ message: 'Blocked' }, 'Success'],
		[{ msg: 'Blocked' }, 'Success'],
		[{}, 'Blocked'],
	])('finds the reason of a failed video in %j with the envelope message %j', async (more, msg) => {
		const { client } = clientOf(json(200, { code: 0, msg, data: { status: 'failed', ...more } }));
		const video = await client.status('v-1');
		expect(video).toMatchObject({ status: 'failed', errorMessage: 'Blocked' });
		expect(video).not.toHaveProperty('error');
	});

	it('returns a failed video whatever code the envelope has', async () => {
		const data = { status: 'failed', progress: 7 };
		const { client } = clientOf(json(400, { code: 1000, msg: 'Blocked', data }));
		expect(await client.status('v-1')).toEqual({
			uuid: 'v-1',
			status: 'failed',
			progress: 7,
			errorMessage: 'Blocked',
		});
	});

	it('fails if the envelope has a code of failure and the video is only pending', async () => {
		const { client } = clientOf(json(400, { code: 1000, msg: 'x', data: { status: 'pending' } }));
		expect((await outcomeOf(client.status('v-1'))).name).toBe('code1000');
	});

	it('returns no errorMessage if the API gives no reason for a failed video', async () => {
		expect(await clientOf(status('failed')).client.status('v-1')).toEqual({
			uuid: 'v-1',
			status: 'failed',
		});
	});

	it('ignores the message of the envelope while a video is pending', async () => {
		const { client } = clientOf(
			json(200, { code: 0, msg: 'In line', data: { status: 'pending' } }),
		);
		expect(await client.status('v-1')).toEqual({ uuid: 'v-1', status: 'pending' });
	});

	it('renames the field error to errorMessage for every status', async () => {
		const video = await clientOf(status('processing', { error: 'slow' })).client.status('v-1');
		expect(video).toEqual({ uuid: 'v-1', status: 'processing', errorMessage: 'slow' });
	});

	// The API reference does not say which field holds the reason, so all of them are kept.
	it.each([
		[{ error: { message: 'Blocked' } }, { message: 'Blocked' }],
		[
			{ error: { code: 7, message: 'Blocked', help: 'x' } },
			{ code: 7, message: 'Blocked', help: 'x' },
		],
		[{ error: 'SAFETY', errorMessage: 'Blocked' }, 'SAFETY'],
		[{ error: 7, message: 'Blocked' }, 7],
		[{ error: 'Blocked' }, undefined],
		[{ error: null, errorMessage: 'Blocked' }, undefined],
	])(
		'returns errorMessage and errorDetails of a failed video with %j',
		async (more, errorDetails) => {
			const video = await clientOf(status('failed', more)).client.status('v-1');
			expect(video).toMatchObject({ errorMessage: 'Blocked' });
			expect(video.errorDetails).toEqual(errorDetails);
			expect(video).not.toHaveProperty('error');
		},
	);
});

describe('upload', () => {
	it('sends the file', async () => {
		const { client, requests } = clientOf(ok({ imageUrl: 'https://x/cat.png', imageKey: 'k' }));
		await client.upload(image);
		expect(requests()).toEqual([{ method: 'POST', path: '/upload-video-image', file: image }]);
	});

	it.each([
		[{ imageUrl: 'https://x/cat.png', imageKey: 'k', size: 3 }, { imageKey: 'k' }],
		[{ imageUrl: 'https://x/cat.png' }, {}],
		[{ imageUrl: 'https://x/cat.png', imageKey: 7 }, {}],
	])('returns only the URL and, if present, the key of %j', async (data, key) => {
		expect(await clientOf(ok(data)).client.upload(image)).toEqual({
			imageUrl: 'https://x/cat.png',
			...key,
		});
	});
});

describe('settle', () => {
	it('returns a RequestError, and rejects with any other error', async () => {
		const failed = new RequestError({ name: 'dns' });
		expect(await settle(Promise.reject<string>(failed))).toBe(failed);
		expect(await settle(Promise.resolve('fine'))).toBe('fine');
		await expect(settle(Promise.reject<string>(new StoppedError()))).rejects.toBeInstanceOf(
			StoppedError,
		);
	});
});

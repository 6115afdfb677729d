import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import { textOf, toNodeError } from '../../../nodes/Veo/errors/nodeErrors';
import { RequestError, settle } from '../../../nodes/Veo/errors/outcome';
import { StoppedError, VeoError } from '../../../nodes/Veo/errors/VeoError';
import { NODE } from '../fakes';

const DETAILS = {
	uuid: 'v-1',
	videoUrl: 'https://x.test/v.mp4',
	code: 1001,
	httpStatus: 402,
	lastStatus: 'completed',
};

describe('the conversion to node errors', () => {
	it.each([
		new NodeApiError(NODE, { message: 'n8n' }),
		new NodeOperationError(NODE, 'Something else'),
	])('returns a node error as it is', (error) => {
		expect(toNodeError(NODE, error, { itemIndex: 3 })).toBe(error);
	});

	it('makes an operation error of any other error, with its item', () => {
		const error = toNodeError(NODE, new TypeError('Boom'), { itemIndex: 3 });
		expect(error).toBeInstanceOf(NodeOperationError);
		expect(error.message).toBe('Boom [item 3]');
		expect(error.context.itemIndex).toBe(3);
	});

	it('makes an operation error of what is not an error', () => {
		expect(toNodeError(NODE, 'Boom').message).toBe('Boom');
	});

	it('makes an operation error of an invalid input, with its description', () => {
		const error = toNodeError(NODE, new VeoError('Blank', 'Fill it in.', { isInput: true }));
		expect(error).toBeInstanceOf(NodeOperationError);
		expect(error).toMatchObject({ message: 'Blank', description: 'Fill it in.' });
	});

	it('makes an API error of any other outcome, with what is known', () => {
		const thrown = new VeoError('Refused', 'Pay.', { ...DETAILS, technical: 'API code: 1001' });
		const error = toNodeError(NODE, thrown, { itemIndex: 0 });
		expect(error).toBeInstanceOf(NodeApiError);
		expect(error).toMatchObject({
			message: 'Refused [item 0]. Pay.',
			httpCode: '402',
			messages: ['API code: 1001'],
			context: { ...DETAILS, itemIndex: 0 },
		});
		expect(error.description).toBeFalsy();
	});

	it('has no technical text and no context if nothing is known', () => {
		const error = toNodeError(NODE, new VeoError('Refused', 'Pay.'));
		expect(error.messages).toEqual([]);
		for (const name of Object.keys(DETAILS)) expect(error.context).not.toHaveProperty(name);
	});

	it('keeps a message that contains a network code', () => {
		const error = toNodeError(NODE, new VeoError('It said ETIMEDOUT', 'Wait.'));
		expect(error.message).toBe('It said ETIMEDOUT');
	});

	it('leaves out the item if it is the only one', () => {
		const thrown = new VeoError('Refused', 'Pay.', { uuid: 'v-1' });
		const error = toNodeError(NODE, thrown, { itemIndex: 0, isOnlyItem: true });
		expect(error.message).toBe('Refused. Pay.');
		expect(error.context.itemIndex).toBe(0);
	});

	it.each([
		[true, {}, 'Refused. Pay.', undefined],
		[false, { uuid: 'v-1' }, 'Refused', 'Pay.'],
	])(
		'puts the description into the message if messageOnly is %p',
		(messageOnly, details, ...both) => {
			const error = toNodeError(NODE, new VeoError('Refused', 'Pay.', details), { messageOnly });
			expect([error.message, error.description ?? undefined]).toEqual(both);
		},
	);
});

describe('the text of an error', () => {
	it.each([
		[new VeoError('Refused', 'Pay.'), 'Refused. Pay.', 'Refused [item 2]. Pay.'],
		[new Error('Boom'), 'Boom', 'Boom [item 2]'],
		['Boom', 'Boom', 'Boom [item 2]'],
	])('of %p is one text, with its item if it is named', (thrown, alone, named) => {
		expect(textOf(thrown)).toBe(alone);
		expect(textOf(thrown, 2)).toBe(named);
	});
});

it("has n8n's own text for a stopped execution", () => {
	expect(new StoppedError().message).toBe('The execution was canceled');
});

describe('settling a request', () => {
	const failed = new RequestError({ name: 'reset' });

	it('returns a value, and the outcome of a failed request', async () => {
		expect(failed.message).toBe('The request ended as reset');
		expect(await settle(Promise.resolve(1))).toBe(1);
		expect(await settle(Promise.reject(failed))).toBe(failed);
	});

	it('throws any other error', async () => {
		const other = new Error('Boom');
		await expect(settle(Promise.reject(other))).rejects.toBe(other);
	});
});

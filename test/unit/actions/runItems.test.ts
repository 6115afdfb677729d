import type { IExecuteFunctions } from 'n8n-workflow';
import { runItems } from '../../../nodes/Veo/actions/runItems';
import type { RunSignals } from '../../../nodes/Veo/actions/runSignals';
import { StoppedError } from '../../../nodes/Veo/errors/VeoError';
import { NODE, rejectionOf } from '../fakes';

const context = {
	getInputData: () => [{ json: {} }],
	getNode: () => NODE,
	getWorkflowDataProxy: () => ({ $execution: {} }),
	continueOnFail: () => true,
} as unknown as IExecuteFunctions;
const signals = { endRun: () => undefined } as unknown as RunSignals;

const runWith = async (thrown: unknown, uuid: string | undefined) =>
	await runItems(context, signals, {
		limit: 1,
		check: async () => await Promise.resolve('checked'),
		uuidOf: () => uuid,
		work: async () => await Promise.reject(thrown as Error),
	});

describe('An item for which something unexpected is thrown', () => {
	it('has the ID of its video, if it has one', async () => {
		const [accepted] = await runWith(new TypeError('Boom.'), 'v-1');
		expect(accepted?.json).toEqual({
			uuid: 'v-1',
			error:
				'Video v-1 was accepted, but could not be returned: Boom. Get it using Get Status with this ID.',
		});
		expect((await runWith('Boom', undefined))[0]?.json).toEqual({ error: 'Boom' });
	});

	it('stays stopped if the user stopped it', async () => {
		const thrown = await rejectionOf(runWith(new StoppedError(), 'v-1'));
		expect((thrown as Error).message).toBe('The execution was canceled');
	});
});

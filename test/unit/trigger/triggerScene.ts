/** A workflow with an active Veo Trigger, over n8n and the Veo API in memory. */
import { startTrigger } from '../../../nodes/Veo/trigger/trigger';
import { FakeN8n, JOBS } from '../fakeN8n';
import { FakeClock } from '../fakes';
import { CREDENTIALS, fakeContext, FakeVeo, httpHelper, START_MS } from './fakes';

/** The status check that shows whether the API accepts the key. */
export const KEY_CHECK = 'n8n-credential-test';

let closeLast: () => Promise<unknown> = async () => await Promise.resolve();

afterEach(async () => await closeLast());

export interface SceneOptions {
	parameters?: Record<string, unknown>;
	mode?: string;
	activationMode?: string;
}

/** A workflow with the trigger. By default n8n starts it at its own start, so no user waits for the result. */
export function triggerScene({ parameters, mode, activationMode = 'init' }: SceneOptions = {}) {
	const clock = new FakeClock(START_MS);
	const [n8n, veo] = [new FakeN8n(), new FakeVeo(clock)];
	const credentials = structuredClone(CREDENTIALS);
	const { context, failures, items, warnings } = fakeContext({
		...{ mode, activationMode, credentials },
		parameters: { watch: 'jobTable', events: ['completed', 'failed'], ...parameters },
		request: httpHelper(veo, n8n),
	});
	const rounds = () =>
		n8n
			.to('GET /data-tables')
			.filter(({ line, query }) => line.endsWith('s') && query.filter === `{"name":"${JOBS}"}`)
			.map(({ atMs }) => atMs - START_MS);
	const publish = async () => {
		const response = await clock.run(startTrigger(context));
		const close = async () => await response.closeFunction?.();
		closeLast = close;
		return { ...response, close };
	};
	const addJob = (uuid: string) => n8n.insert(JOBS, { uuid, status: 'pending' });
	return {
		...{ addJob, clock, context, credentials, failures, items, n8n, publish, rounds, veo },
		warnings,
	};
}

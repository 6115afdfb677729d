import type { Outcome } from '../outcome';
import { VeoError } from '../VeoError';
import { statusFailed } from './request';

/** For a test event in the editor. */
export const nothingFinished = () =>
	new VeoError(
		'There is no finished video yet',
		'Create one with Generate, wait until it is finished, and fetch the test event again.',
		{ isInput: true },
	);

/** In n8n's log: status checks that failed and will be repeated. */
export function notChecked(failed: ReadonlyArray<{ uuid: string; outcome: Outcome }>): string {
	const others = failed.length - 1;
	const texts = failed
		.slice(0, 1)
		.map(
			({ uuid, outcome }) => `${statusFailed(uuid, outcome).message}. It will be checked again.`,
		);
	return [...texts, others > 0 && `The same applies to ${others} more.`].filter(Boolean).join(' ');
}

/** In n8n's log: finished videos for which n8n started no execution. */
export const notDelivered = (videos: number) =>
	`n8n did not start an execution for ${videos} finished ${videos === 1 ? 'video' : 'videos'}. ${videos === 1 ? 'It' : 'They'} will be retried.`;

/** In the row of a job whose `uuid` cannot be one. */
export const notAVideoId = () =>
	"Not checked: the 'uuid' of this row is not a video ID. Add a new row with the right one.";

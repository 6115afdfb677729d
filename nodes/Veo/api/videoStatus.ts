import { isWebAddress } from './validation';
import type { VideoStatus } from './client';
import type { JsonObject } from './json';

/**
 * Whether each `status` of a video is final (API reference, "Get a video's status"). A status that is not listed is not
 * final: the API may add new ones.
 */
const STATUSES: Record<string, { isFinal: boolean }> = {
	pending: { isFinal: false },
	processing: { isFinal: false },
	completed: { isFinal: true },
	failed: { isFinal: true },
};

export function isFinal(status: string): boolean {
	return STATUSES[status]?.isFinal ?? false;
}

/** The URL of the video file; undefined if there is none that can be requested. */
export const usableUrlOf = ({ videoUrl }: JsonObject): string | undefined =>
	typeof videoUrl === 'string' && isWebAddress(videoUrl) ? videoUrl : undefined;

/** Whether nothing more is to come: the API may report `completed` before it has the URL. */
export const isComplete = (video: VideoStatus): boolean =>
	isFinal(video.status) && (video.status !== 'completed' || usableUrlOf(video) !== undefined);

/** Faults for situations that users of such APIs report. Use them in `EmulatorOptions.faults`. */
import type { Fault, FaultAction } from './faults';

/** How long something is not there yet: for each job, the first requests or the first milliseconds after its end. */
export interface Late {
	requests?: number;
	ms?: number;
}

function late({ requests, ms }: Late): Pick<Fault, 'jobStatus' | 'withinMsOfFinal' | 'occurrence'> {
	return {
		jobStatus: 'completed',
		withinMsOfFinal: ms,
		...(requests !== undefined && { occurrence: { first: requests } }),
	};
}

/** The first status answers with `completed` have no usable `videoUrl`: none (default), an empty string or null. */
export function lateVideoUrl({ as, ...extent }: Late & { as?: '' | null }): Fault {
	return { on: 'status', ...late(extent), do: { type: 'alter', data: { videoUrl: as } } };
}

/** The first GETs of a completed job's file get an HTTP status (default 404), an empty body or an HTML page. */
export function lateFile({
	as = 404,
	...extent
}: Late & { as?: number | 'empty' | 'html' }): Fault {
	const action: FaultAction =
		typeof as === 'number' ? { type: 'http', status: as } : { type: as, status: 200 };
	return { on: 'video', ...late(extent), do: action };
}

/** Files are sent with this Content-Type, or without one. Put it after other faults on `video`. */
export function fileType(type: string | undefined): Fault {
	return { on: 'video', do: { type: 'alter', headers: { 'content-type': type } } };
}

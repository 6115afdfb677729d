import type { IncomingHttpHeaders } from 'node:http';
import type { Fault } from './faults';

export const kinds = ['generate', 'status', 'upload', 'video', 'image'] as const;
export type Kind = (typeof kinds)[number];

/** A request that arrived, answered or not. */
export interface RecordedRequest {
	kind: Kind | 'other';
	method: string;
	path: string;
	headers: IncomingHttpHeaders;
	/** Generate: the JSON. Upload: `{ fileName, mimeType, bytes }`. */
	body?: unknown;
	/** Milliseconds since the epoch. */
	receivedAt: number;
	/** The HTTP status, `reset` (by the emulator) or `aborted` (by the client). Absent until then. */
	answered?: number | 'reset' | 'aborted';
	/** The job that the request named or created. */
	uuid?: string;
	/** The fault that was applied. */
	fault?: Fault;
}

import type { IncomingHttpHeaders } from 'node:http';
import type { Fault } from './faults';

export const kinds = ['generate', 'status', 'upload', 'video', 'image'] as const;
export type Kind = (typeof kinds)[number];

/** A request that arrived, whatever became of it. */
export interface RecordedRequest {
	kind: Kind | 'other';
	method: string;
	path: string;
	headers: IncomingHttpHeaders;
	/** Generate: the JSON. Upload: `{ fileName, mimeType, bytes }`. */
	body?: unknown;
	/** Milliseconds since the epoch. */
	receivedAt: number;
	/** The HTTP status, or `reset` (by the emulator) or `aborted` (the client left first). Absent until then. */
	answered?: number | 'reset' | 'aborted';
	/** The job that it was about or that it made. */
	uuid?: string;
	/** The fault that struck. */
	fault?: Fault;
}

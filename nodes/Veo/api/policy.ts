import type { Outcome, OutcomeName } from '../errors/outcome';

/**
 * - `generate`: `POST /generate-video`, the paid one
 * - `wait`: a status check for a job that this execution is waiting for
 * - `status`: a status check that a user asked for
 * - `upload`: `POST /upload-video-image`
 * - `download`: the finished video, from wherever it lies
 */
export type RequestKind = 'generate' | 'wait' | 'status' | 'upload' | 'download';

/**
 * - `again`: sending it once more is safe and may help
 * - `final`: it was not accepted, and sending it once more would not help
 * - `unclear`: it may have been accepted, and sending it once more may pay twice
 */
export type Verdict = 'again' | 'final' | 'unclear';

/**
 * May this be sent again? The one answer for every request and every outcome. Only the paid request can be `unclear`.
 * A check of a job that is waited for ends the wait only where the key was refused: whatever else happens, the job is
 * paid for and goes on.
 */
export const POLICY: Record<OutcomeName, Record<RequestKind, Verdict>> = {
	refused: {
		generate: 'again',
		wait: 'again',
		status: 'again',
		upload: 'again',
		download: 'again',
	},
	dns: { generate: 'again', wait: 'again', status: 'again', upload: 'again', download: 'again' },
	unreachable: {
		generate: 'again',
		wait: 'again',
		status: 'again',
		upload: 'again',
		download: 'again',
	},
	connectTimeout: {
		generate: 'again',
		wait: 'again',
		status: 'again',
		upload: 'again',
		download: 'again',
	},
	tls: { generate: 'final', wait: 'again', status: 'final', upload: 'final', download: 'final' },

	timeout: {
		generate: 'unclear',
		wait: 'again',
		status: 'again',
		upload: 'again',
		download: 'again',
	},
	reset: {
		generate: 'unclear',
		wait: 'again',
		status: 'again',
		upload: 'again',
		download: 'again',
	},
	tooLarge: {
		generate: 'unclear',
		wait: 'again',
		status: 'final',
		upload: 'final',
		download: 'final',
	},

	redirect: {
		generate: 'final',
		wait: 'again',
		status: 'final',
		upload: 'final',
		download: 'final',
	},
	// This is how a service may answer a POST that it did accept.
	seeOther: {
		generate: 'unclear',
		wait: 'again',
		status: 'final',
		upload: 'final',
		download: 'final',
	},
	http401: {
		generate: 'final',
		wait: 'final',
		status: 'final',
		upload: 'final',
		download: 'final',
	},
	http403: {
		generate: 'final',
		wait: 'final',
		status: 'final',
		upload: 'final',
		download: 'final',
	},
	http408: {
		generate: 'unclear',
		wait: 'again',
		status: 'again',
		upload: 'again',
		download: 'again',
	},
	http429: {
		generate: 'again',
		wait: 'again',
		status: 'again',
		upload: 'again',
		download: 'again',
	},
	http4xx: {
		generate: 'final',
		wait: 'again',
		status: 'final',
		upload: 'final',
		download: 'final',
	},
	http5xx: {
		generate: 'unclear',
		wait: 'again',
		status: 'again',
		upload: 'again',
		download: 'again',
	},

	code1000: {
		generate: 'final',
		wait: 'again',
		status: 'final',
		upload: 'final',
		download: 'final',
	},
	code1001: {
		generate: 'final',
		wait: 'again',
		status: 'final',
		upload: 'final',
		download: 'final',
	},
	code1002: {
		generate: 'final',
		wait: 'final',
		status: 'final',
		upload: 'final',
		download: 'final',
	},
	code1003: {
		generate: 'again',
		wait: 'again',
		status: 'again',
		upload: 'again',
		download: 'again',
	},
	code5000: {
		generate: 'unclear',
		wait: 'again',
		status: 'again',
		upload: 'again',
		download: 'again',
	},
	codeOther: {
		generate: 'unclear',
		wait: 'again',
		status: 'final',
		upload: 'final',
		download: 'final',
	},

	html: { generate: 'unclear', wait: 'again', status: 'again', upload: 'again', download: 'again' },
	empty: {
		generate: 'unclear',
		wait: 'again',
		status: 'again',
		upload: 'again',
		download: 'again',
	},
	notJson: {
		generate: 'unclear',
		wait: 'again',
		status: 'again',
		upload: 'again',
		download: 'again',
	},
	shape: {
		generate: 'unclear',
		wait: 'again',
		status: 'again',
		upload: 'again',
		download: 'again',
	},
};

/**
 * The right to send the paid request one time. There is one for an item that was never submitted, and one more for each
 * proof that the API did not accept it; nothing else makes one, and `VeoClient.generate` cannot be called without.
 */
export class PaidPermit {
	private used = false;

	private constructor() {}

	/** For an item of which no request was ever sent. */
	static first(): PaidPermit {
		return new PaidPermit();
	}

	/** For an item whose last request was surely not accepted; nothing where that is not sure. */
	static afterOutcome(outcome: Outcome): PaidPermit | undefined {
		return POLICY[outcome.name].generate === 'again' ? new PaidPermit() : undefined;
	}

	/** Throws when the permit was used before. */
	use(): void {
		if (this.used) throw new Error('A paid request was about to be sent twice');
		this.used = true;
	}
}

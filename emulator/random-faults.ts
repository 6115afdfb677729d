import type { Fault, FaultAction } from './faults';
import { random } from './random';
import type { Kind } from './requests';

type FaultyKind = Exclude<Kind, 'image'>;

export interface Trouble {
	on: readonly FaultyKind[];
	/** Whether the same request may succeed later. Whether a paid request may be repeated depends on `accepts`. */
	recoverable: boolean;
	/** Whether a generate request with this outcome may have, or must have, created a job. Absent: it has not. */
	accepts?: 'maybe' | 'always';
	do: FaultAction;
}

const all = ['generate', 'status', 'upload', 'video'] as const;
const calls = ['generate', 'status', 'upload'] as const;
const maybe = { recoverable: true, accepts: 'maybe' } as const;
const always = { recoverable: true, accepts: 'always' } as const;
const passing = { recoverable: true } as const;
const final = { recoverable: false } as const;

/** The faults of networks, proxies and the API that `randomFaults` picks from, by name. */
export const troubles = {
	resetWhileSending: { on: all, ...passing, do: { type: 'resetWhileSending' } },
	resetBeforeAnswer: { on: all, ...maybe, do: { type: 'resetBeforeAnswer' } },
	resetMidAnswer: { on: all, ...maybe, do: { type: 'resetMidAnswer' } },
	hang: { on: all, ...maybe, do: { type: 'hang' } },
	delay: { on: all, ...always, do: { type: 'delay', ms: 300 } },

	code1000: { on: calls, ...final, do: { type: 'envelope', code: 1000, status: 400 } },
	code1001: {
		on: ['generate'],
		...final,
		do: { type: 'envelope', code: 1001, status: 402, data: { required: 2, current: 0 } },
	},
	code1002: { on: calls, ...final, do: { type: 'envelope', code: 1002, status: 401 } },
	code1002WithHttp200: { on: calls, ...final, do: { type: 'envelope', code: 1002 } },
	code1003: { on: calls, ...passing, do: { type: 'envelope', code: 1003, status: 429 } },
	code1003WithHttp200: { on: calls, ...passing, do: { type: 'envelope', code: 1003 } },
	code5000: { on: calls, ...maybe, do: { type: 'envelope', code: 5000, status: 500 } },
	code5000WithHttp200: { on: calls, ...maybe, do: { type: 'envelope', code: 5000 } },
	unknownCode: { on: calls, ...maybe, do: { type: 'envelope', code: 7777 } },

	http400: { on: all, ...final, do: { type: 'http', status: 400 } },
	http401: { on: all, ...final, do: { type: 'http', status: 401 } },
	http403: { on: all, ...final, do: { type: 'http', status: 403 } },
	http404: { on: all, ...final, do: { type: 'http', status: 404 } },
	http429: { on: all, ...passing, do: { type: 'http', status: 429 } },
	http429Seconds: { on: all, ...passing, do: { type: 'http', status: 429, retryAfter: 1 } },
	http429Date: {
		on: all,
		...passing,
		do: { type: 'http', status: 429, retryAfter: 1, retryAfterAs: 'date' },
	},
	http500: { on: all, ...maybe, do: { type: 'http', status: 500 } },
	http502: { on: all, ...maybe, do: { type: 'html' } },
	http503: { on: all, ...maybe, do: { type: 'http', status: 503, retryAfter: 1 } },
	http504: { on: all, ...maybe, do: { type: 'http', status: 504 } },
	redirect: {
		on: all,
		recoverable: false,
		accepts: 'maybe',
		do: { type: 'http', status: 302, headers: { location: 'http://127.0.0.1:9/elsewhere' } },
	},

	html: { on: all, ...maybe, do: { type: 'html', status: 200 } },
	empty: { on: all, ...maybe, do: { type: 'empty' } },
	cutOff: { on: all, ...maybe, do: { type: 'cutOff' } },
	array: { on: calls, ...maybe, do: { type: 'json', value: [] } },
	string: { on: calls, ...maybe, do: { type: 'json', value: 'ok' } },
	null: { on: calls, ...maybe, do: { type: 'json', value: null } },
	noEnvelope: { on: calls, ...maybe, do: { type: 'json', value: { status: 'completed' } } },
	dataNull: { on: calls, ...maybe, do: { type: 'json', value: { code: 0, msg: '', data: null } } },
	huge: { on: calls, ...maybe, do: { type: 'huge', megabytes: 8 } },
	trickle: { on: all, ...maybe, do: { type: 'trickle' } },

	codeAsString: { on: calls, ...always, do: { type: 'alter', envelope: { code: '0' } } },
	extraFields: { on: calls, ...always, do: { type: 'alter', data: { seed: 7, tags: ['new'] } } },
	uuidMissing: { on: ['generate'], ...always, do: { type: 'alter', data: { uuid: undefined } } },
	uuidOfWrongType: { on: ['generate'], ...always, do: { type: 'alter', data: { uuid: 12345 } } },

	statusUnknown: { on: ['status'], ...passing, do: { type: 'alter', data: { status: 'paused' } } },
	statusMissing: { on: ['status'], ...passing, do: { type: 'alter', data: { status: undefined } } },
	progressBackwards: { on: ['status'], ...passing, do: { type: 'alter', data: { progress: 0 } } },
	progressOfWrongType: {
		on: ['status'],
		...passing,
		do: { type: 'alter', data: { progress: '85%', estimatedTime: null } },
	},
	videoUrlMissing: {
		on: ['status'],
		...passing,
		do: { type: 'alter', data: { videoUrl: undefined } },
	},
	videoUrlOfFile: {
		on: ['status'],
		...final,
		do: { type: 'alter', data: { videoUrl: 'file:///etc/passwd' } },
	},
	videoUrlOfScript: {
		on: ['status'],
		...final,
		do: { type: 'alter', data: { videoUrl: 'javascript:alert(1)' } },
	},
	imageUrlMissing: {
		on: ['upload'],
		...passing,
		do: { type: 'alter', data: { imageUrl: undefined } },
	},

	endlessVideo: { on: ['video'], ...final, do: { type: 'endless' } },
	wrongContentType: {
		on: ['video'],
		...passing,
		do: { type: 'alter', headers: { 'content-type': 'text/html' } },
	},
	fileNameWithPath: {
		on: ['video'],
		...passing,
		do: {
			type: 'alter',
			headers: { 'content-disposition': 'attachment; filename="../../etc/cron.d/evil.mp4"' },
		},
	},
} satisfies Record<string, Trouble>;

/** A plan of `n` faults, the same for the same seed. Each hits up to three of the first six requests of its kind. */
export function randomFaults(seed: number, n: number): Fault[] {
	const next = random(seed);
	const below = (limit: number) => Math.floor(next() * limit);
	const pick = <T>(list: readonly T[]): T => {
		const picked = list[below(list.length)];
		if (picked === undefined) throw new Error('The list is empty');
		return picked;
	};
	const list: Trouble[] = Object.values(troubles);
	return Array.from({ length: n }, () => {
		// Picking the kind first gives each kind an equal share; status checks, the most frequent requests, get two.
		const on = pick([...all, 'status'] as const);
		const { accepts, do: action } = pick(list.filter((trouble) => trouble.on.includes(on)));
		const first = 1 + below(4);
		const occurrence = Array.from({ length: 1 + below(3) }, (_, i) => first + i);
		const accept = accepts === 'always' || (accepts === 'maybe' && next() < 0.5);
		return { on, occurrence, ...(on === 'generate' && { accept }), do: action };
	});
}

/**
 * Every text that tells users what went wrong: what happened, then how to go on. n8n's rules: fields by their display
 * names, and none of the words "error", "problem", "failure" and "mistake".
 */
export * from './input';
export * from './jobTable';
export {
	identicalNotChecked,
	keySubmissionUnclear,
	refusedWhenSentAgain,
	requestFailed,
	statusFailed,
	submissionInterrupted,
	submissionRefused,
	submissionUnclear,
	unclearTwice,
} from './request';
export type { Situation } from './situation';
export * from './trigger';
export * from './video';

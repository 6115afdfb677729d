import { defaults } from '../../emulator';

export const API_KEY = defaults.apiKeys[0] ?? '';

/** One prompt per job. Its number identifies the job in the emulator. */
export const promptsOf = (count: number): string[] =>
	Array.from({ length: count }, (_, index) => `Video ${index}`);

/** The number at the end of a prompt. */
export const indexIn = (prompt: string): number => Number(/\d+$/.exec(prompt)?.[0]);

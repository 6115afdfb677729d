import { defaults } from '../../emulator';

export const API_KEY = defaults.apiKeys[0] ?? '';

/** A prompt for each job, by which the emulator can tell them apart. */
export const promptsOf = (count: number): string[] =>
	Array.from({ length: count }, (_, index) => `Video ${index}`);

export const indexIn = (prompt: string): number => Number(/\d+$/.exec(prompt)?.[0]);

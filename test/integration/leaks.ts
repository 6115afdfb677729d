/** Searches all that the scenarios of a test file leave behind for the keys of their credentials. */
import { type Credentials, onEnded } from '../../harness/core';
import { formsOf } from '../../harness/keyForms';

/** Ordinary words must not count as keys. */
const MIN_KEY_LENGTH = 8;

/** Each spelling of each key that was used in this test file. */
const forms = new Set<string>();
const found: string[] = [];

export function addKey(key: unknown): void {
	if (typeof key !== 'string' || key.trim().length < MIN_KEY_LENGTH) return;
	for (const form of formsOf(key.trim())) forms.add(form);
}

/** Searches what is left in one place, in all of its texts and names. */
export function leaves(place: string, value: unknown, credentials: Credentials = {}): void {
	for (const { apiKey } of Object.values(credentials)) addKey(apiKey);
	for (const text of textsIn(value)) {
		const form = [...forms].find((one) => text.includes(one));
		if (form === undefined) continue;
		const at = Math.max(0, text.indexOf(form) - 100);
		found.push(`${place}: ${text.slice(at, at + 300)}`);
	}
}

/** The leaks that were found since the last call. */
export const takeLeaks = (): string[] => found.splice(0);

/** All texts and names in a value, also in what JSON leaves out, such as the stack and the cause of an error. */
function* textsIn(value: unknown): Generator<string> {
	const seen = new Set<unknown>();
	const left = [value];
	while (left.length > 0) {
		const next = left.pop();
		if (typeof next === 'string') yield next;
		if (typeof next !== 'object' || next === null || seen.has(next)) continue;
		seen.add(next);
		if (Buffer.isBuffer(next)) {
			yield next.toString('latin1');
			continue;
		}
		if (next instanceof Map || next instanceof Set) left.push([...next]);
		for (const name of Reflect.ownKeys(next)) {
			if (typeof name === 'string') yield name;
			left.push(Reflect.getOwnPropertyDescriptor(next, name)?.value);
		}
	}
}

onEnded((ran, credentials) => leaves('an execution', ran, credentials));

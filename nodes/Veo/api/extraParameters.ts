import { invalidExtraParameters } from '../errors/messages';
import { isJsonObject, type JsonObject, parseJson } from './json';
import { GENERATE_PARAMETERS } from './parameters';

const MAX_BYTES = 16 * 1024;
const MAX_LEVELS = 10;
const FORBIDDEN_NAMES = ['__proto__', 'constructor', 'prototype'];
const FIELD_NAMES = Object.keys(GENERATE_PARAMETERS).map((name) => name.toLowerCase());

/**
 * Reads parameters that the API may have and this node does not know. Their names are sorted, so that the same parameters
 * make the same request. Throws `VeoError`.
 */
export function checkExtraParameters(raw: unknown): JsonObject {
	if (raw === undefined || raw === null || raw === '') return {};
	const text = typeof raw === 'string' ? raw : toJsonText(raw);
	if (Buffer.byteLength(text) > MAX_BYTES) throw invalidExtraParameters('have more than 16 kB');
	const value = parseJson(text);
	if (!isJsonObject(value)) throw invalidExtraParameters('are not JSON in curly brackets');
	const own = Object.keys(value).find((name) => FIELD_NAMES.includes(name.toLowerCase()));
	if (own !== undefined) {
		throw invalidExtraParameters(`name ${JSON.stringify(own)}, which has a field of its own`);
	}
	return sorted(value, 1) as JsonObject;
}

/** An expression may return what JSON cannot hold. */
function toJsonText(value: unknown): string {
	try {
		return JSON.stringify(value) ?? '';
	} catch {
		return '';
	}
}

function sorted(value: unknown, level: number): unknown {
	if (typeof value !== 'object' || value === null) return value;
	if (level > MAX_LEVELS) throw invalidExtraParameters('are nested more than 10 levels deep');
	if (Array.isArray(value)) return value.map((one) => sorted(one, level + 1));
	const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
	const forbidden = entries.find(([name]) => FORBIDDEN_NAMES.includes(name));
	if (forbidden) throw invalidExtraParameters(`contain the name ${JSON.stringify(forbidden[0])}`);
	return Object.fromEntries(entries.map(([name, one]) => [name, sorted(one, level + 1)]));
}

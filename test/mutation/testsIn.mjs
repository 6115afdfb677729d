import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The test files of a folder below `test`. */
export function testsIn(folder) {
	const names = readdirSync(join('test', folder)).filter((name) => name.endsWith('.test.ts'));
	return names.map((name) => join('test', folder, name));
}

import { useN8n, together } from '../integration/support';
import { watchMemory, withstands } from './invariants';
import { answerSchema, readLines } from './lines';

useN8n();
watchMemory(700);
const test = together(8);

describe('The package withstands', () => {
	for (const answer of readLines('answers.jsonl', answerSchema)) {
		test(`${answer.on}: ${answer.name}`, async () => await withstands(answer));
	}
});

/** What expressions put into the fields of a generate request. */
import { failureOf, jsonOf, paidFor, useN8n, withEmulator } from './support';

useN8n();

const scene = { subject: 'a fox', camera: ['pan', 'zoom'] };
const items = [{ json: { scene, empty: {}, ratio: '16:9 ', tall: '9:16\n' } }];

describe('A prompt', () => {
	it.each([
		['an object', '={{ $json.scene }}', scene],
		['an array', '={{ $json.scene.camera }}', scene.camera],
	])('that is %s is sent as its JSON text', async (_, prompt, value) => {
		await withEmulator({}, async ({ emulator, run }) => {
			jsonOf(await run({ operation: 'generate', prompt }, { items }));
			expect(paidFor(emulator)).toEqual([JSON.stringify(value)]);
		});
	});

	it('that contains an object as text is refused before anything is paid', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			const prompt = '=A film of {{ $json.scene }}';
			expect(failureOf(await run({ operation: 'generate', prompt }, { items }))).toMatchObject({
				message: `The 'Prompt' contains "[object Object]" instead of a description`,
				description: expect.stringContaining('JSON.stringify') as string,
			});
			expect(emulator.requests).toEqual([]);
		});
	});

	it('that is an empty object is blank', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			const prompt = '={{ $json.empty }}';
			const ran = await run({ operation: 'generate', prompt }, { items });
			expect(failureOf(ran).message).toContain("'Prompt' is blank");
			expect(emulator.requests).toEqual([]);
		});
	});
});

describe('An aspect ratio from a spreadsheet', () => {
	it.each(['={{ $json.ratio }}', '={{ $json.tall }}'])('is trimmed: %s', async (aspectRatio) => {
		await withEmulator({}, async ({ emulator, run }) => {
			jsonOf(await run({ operation: 'generate', prompt: 'A fox', aspectRatio }, { items }));
			expect(emulator.jobs[0]?.request.aspectRatio).toMatch(/^(16:9|9:16)$/);
		});
	});
});

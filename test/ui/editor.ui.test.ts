/** What users see of the nodes in n8n's editor. */
import type { Locator } from 'playwright-core';

import { plainHttpNotice } from '../../credentials/authorize';
import type { VeoError } from '../../nodes/Veo/errors/VeoError';
import {
	blankPrompt,
	missingTable,
	nothingFinished,
	requestFailed,
	tableCredentialRefused,
} from '../../nodes/Veo/errors/messages';
import { emulatorKey } from '../../harness/n8nHarness';
import { chain, items, manualTrigger, node } from '../../harness/workflow';
import { chromiumPath } from './chromium';
import { Editor } from './editor';

const PROMPT =
	'A paper boat sails through a rainy city street at dusk, slow camera, soft reflections';
const TEXT = ['prompt', 'aspectRatio'];
const BEGIN = ['resource', 'operation', 'trackJob'];
const GENERATING = [...BEGIN, 'generationType', ...TEXT];
const SEARCHES = [
	'ai video',
	'generate video',
	'make video',
	'google veo',
	'mp4',
	'veo3o1',
	'reel',
	'shorts',
	'text to video',
	'image to video',
];
const COST = 'Each video takes minutes and uses your veo3o1.com credits';
/** No server listens here. */
const NOWHERE = 'http://127.0.0.1:9/api';
const API_MESSAGE = 'Authentication failed: missing or invalid API key';

let editor: Editor;

/** A test that saves a picture if it fails. */
function uiTest(name: string, act: () => Promise<void>): void {
	it(name, async () => {
		await act().catch(async (thrown: unknown) => {
			await editor.picture(`failed ${name.replace(/\W+/g, ' ').trim()}`);
			throw thrown;
		});
	});
}

/** Saves a screenshot and checks that no text in it is clipped. */
async function look(name: string): Promise<void> {
	expect(await editor.picture(name)).toEqual([]);
}

async function topOf(element: Locator): Promise<number> {
	return (await element.boundingBox())?.y ?? NaN;
}

async function bottomOf(element: Locator): Promise<number> {
	const box = await element.boundingBox();
	return box === null ? NaN : box.y + box.height;
}

/** What n8n shows of an error that is not about an item. */
const shown = ({ message, description }: VeoError) => ({ message, description });

async function expectFields(...names: string[]): Promise<void> {
	expect(await editor.fieldsOnceLike(names)).toEqual(names);
}

(chromiumPath === undefined ? describe.skip : describe)("In n8n's editor", () => {
	beforeAll(async () => {
		editor = await Editor.start();
	});

	afterAll(async () => {
		await editor.close();
	});

	beforeEach(() => {
		editor.harness.emulator.reset();
	});

	describe('the nodes panel', () => {
		for (const words of ['veo', 'video']) {
			uiTest(`finds the nodes by "${words}", and names the service`, async () => {
				await editor.openNewWorkflow();
				const entry = await editor.search(words);
				const description = entry.getByTestId('node-creator-item-description');
				expect(await description.innerText()).toMatch(/video.*veo3o1\.com/);
				expect(await editor.iconOf(entry)).toBe('veo.svg');
				await look(`panel-${words}`);
			});
		}

		uiTest('finds the nodes by common search terms', async () => {
			await editor.openNewWorkflow();
			for (const words of SEARCHES) {
				const entry = await editor.search(words);
				await entry.waitFor({ timeout: 5_000 }).catch(() => {
					throw new Error(`"${words}" does not find the node`);
				});
			}
		});

		uiTest('offers the node as a tool of an agent, with its service and its cost', async () => {
			await editor.openForm(node('Agent', '@n8n/n8n-nodes-langchain.agent', 3, {}));
			await editor.page.getByTestId('add-subnode-ai_tool-0').click();
			await editor.page.getByTestId('node-creator-search-bar').fill('ai video');
			const tool = editor.panel.getByTestId('item-iterator-item').filter({ hasText: 'Veo Tool' });
			expect(await tool.innerText()).toMatch(/veo3o1\.com.*Only making a video.*costs credits/s);
			await look('panel-tools');
			await tool.click();
			await editor.form.waitFor();
			expect(await editor.valueOf('operation')).toBe('Generate and Wait');
			await look('tool');
		});

		uiTest('offers the events and the operations, and adds the one that is chosen', async () => {
			await editor.openNewWorkflow();
			await (await editor.search('veo')).click();
			await editor.panel.getByText('Actions (4)').click();
			await editor.panel.getByText('Upload image').waitFor();
			expect(await editor.panel.getByTestId('node-creator-item-name').allInnerTexts()).toEqual([
				'On video completed',
				'On video failed',
				'Start generating video with credits',
				'Generate video with credits and wait minutes',
				'Get video status',
				'Upload image',
			]);
			await look('panel-actions');

			await editor.panel.getByText('Start generating video with credits').click();
			await editor.form.waitFor();
			expect(await editor.valueOf('operation')).toBe('Generate');
			const credential = editor.form.getByTestId('node-credentials-select').first();
			expect(await topOf(credential)).toBeLessThan(await topOf(editor.field('operation')));
			await look('added');
		});
	});

	describe('the form', () => {
		uiTest(
			'of Generate and Wait has the prompt and the output field of the video file',
			async () => {
				await editor.openVeo({});
				await expectFields(...GENERATING, 'downloadVideo', 'binaryOutputField');
				await editor.form.getByText(COST).waitFor();
				await editor.fill('prompt', PROMPT);
				await editor.choose('aspectRatio', 'Landscape (16:9)');
				await editor.toggle('downloadVideo');
				await expectFields(...GENERATING, 'downloadVideo');
				await editor.toggle('downloadVideo');
				await expectFields(...GENERATING, 'downloadVideo', 'binaryOutputField');
				await look('form');
			},
		);

		uiTest('says before the first field that a video takes minutes and credits', async () => {
			await editor.openVeo({});
			const notice = editor.form.getByText(COST);
			expect(await topOf(notice)).toBeGreaterThan(await topOf(editor.field('operation')));
			expect(await topOf(notice)).toBeLessThan(await topOf(editor.field('generationType')));
			await editor.toggle('trackJob');
			await editor.form.getByText(`${COST}. Follow its progress in the job table.`).waitFor();
			await editor.choose('operation', 'Get Status');
			await notice.waitFor({ state: 'hidden' });
		});

		uiTest('of Generate has the image fields and the job table', async () => {
			await editor.openVeo({});
			await editor.choose('operation', 'Generate');
			await expectFields(...GENERATING);
			await editor.fill('prompt', PROMPT);
			await editor.choose('generationType', 'Image to Video');
			const image = ['generationType', 'imageSource'];
			await expectFields(...BEGIN, ...image, 'imageUrl', 'imageKey', ...TEXT);
			await editor.fill('imageUrl', 'https://example.com/a-paper-boat-at-dusk.png');
			await look('form-image-url');
			await editor.choose('imageSource', 'File From URL');
			await expectFields(...BEGIN, ...image, 'imageUrl', ...TEXT);
			await look('form-image-fetched');
			await editor.choose('imageSource', 'File From Input');
			await expectFields(...BEGIN, ...image, 'binaryPropertyName', ...TEXT);
			await look('form-image-file');
			await editor.toggle('trackJob');
			await expectFields(...BEGIN, 'jobTableName', ...image, 'binaryPropertyName', ...TEXT);
			await look('form-tracked');
		});

		uiTest('shows Track Job, its credential and its table together on a small screen', async () => {
			await editor.page.setViewportSize({ width: 1280, height: 720 });
			await editor.openVeo({ prompt: PROMPT });
			await look('form-small');
			await editor.toggle('trackJob');
			const connect = editor.form.getByRole('button', { name: 'Connect to Veo Job Table' });
			for (const element of [connect, editor.field('trackJob'), editor.field('jobTableName')]) {
				expect(await bottomOf(element)).toBeLessThan(await bottomOf(editor.form));
				expect(await topOf(element)).toBeGreaterThan(await topOf(editor.form));
			}
			const labels = editor.form.getByText(/^Veo (Job Table )?API \(/);
			expect(await labels.allInnerTexts()).toEqual([
				'Veo API (veo3o1.com)',
				'Veo Job Table API (This n8n)',
			]);
			await look('form-small-tracked');
			await editor.page.setViewportSize({ width: 1440, height: 900 });
		});

		uiTest('of Get Status has the ID', async () => {
			await editor.openVeo({});
			await editor.openList('operation');
			await look('operations');
			await editor.pick('Get Status');
			await expectFields('resource', 'operation', 'uuid', 'downloadVideo');
			await editor.fill('uuid', '470e85f2-2aa3-4d59-ae9d-70dd0f876784');
			await look('form-get-status');
		});

		uiTest('of Upload Image has the input field of the file', async () => {
			await editor.openVeo({});
			await editor.choose('resource', 'Image');
			await expectFields('resource', 'operation', 'binaryPropertyName');
			await look('form-upload-image');
		});

		uiTest('shows the options of the operation only', async () => {
			await editor.openVeo({ prompt: PROMPT, trackJob: true });
			expect(await editor.offeredOptions()).toEqual([
				'Extra Parameters',
				'File Name',
				'Idempotency Key',
				'Make Again When Failed',
				'Max Concurrent Jobs',
				'Max Prompt Length',
				'Max Retries',
				'Max Videos per Execution',
				'Max Wait Time (Seconds)',
				'On Timeout',
				'On Unclear Submission',
				'Poll Interval (Seconds)',
				'Request Timeout (Seconds)',
				'Reuse Identical',
			]);
			await look('options');
			await editor.page.keyboard.press('Escape');
			await editor.addOption('On Timeout');
			await editor.choose('onTimeout', 'Return the Last Status');
			await editor.addOption('Extra Parameters');
			await look('options-added');

			await editor.choose('operation', 'Get Status');
			await editor.fill('uuid', '470e85f2-2aa3-4d59-ae9d-70dd0f876784');
			expect(await editor.offeredOptions()).toEqual(['Max Retries', 'Request Timeout (Seconds)']);
		});
	});

	describe('a run', () => {
		uiTest('shows the fields of the video and plays its file', async () => {
			await editor.openVeo({ prompt: PROMPT, aspectRatio: '16:9', downloadVideo: true });
			await editor.run();
			await editor.output.getByText(/^1 video made, in \d+ s\.$/).waitFor();
			await editor.output.getByTestId('radio-button-json').click();
			const json = editor.output.getByTestId('ndv-data-container');
			const [job] = editor.harness.emulator.jobs;
			for (const text of [job?.uuid, 'completed', 'videoUrl', 'A paper boat sails']) {
				await json.getByText(String(text)).first().waitFor();
			}
			await look('result-json');

			await editor.toast.waitFor({ state: 'hidden' });
			expect(await editor.play()).toMatchObject({ failed: false, width: 640, height: 360 });
			await look('result');
		});
	});

	describe('a message', () => {
		uiTest('appears before the run if a field is blank', async () => {
			await editor.openVeo({});
			await editor.run();
			expect(await editor.toast.innerText()).toContain('"Prompt" is required');
			expect(editor.harness.emulator.requests).toEqual([]);
			await look('mistake-required');
		});

		uiTest('of the node appears if an expression returns nothing', async () => {
			await editor.openVeo({ prompt: '={{ $json.text }}' });
			await editor.run();
			const { message, description } = blankPrompt();
			expect(await editor.failure()).toEqual({ message: `${message}`, description });
			expect(editor.harness.emulator.requests).toEqual([]);
			await look('mistake-blank');
		});

		uiTest('appears if there are not enough credits', async () => {
			editor.harness.emulator.credits = 1;
			await editor.openVeo({ prompt: PROMPT });
			await editor.run();
			const outcome = { name: 'code1001', data: { required: 2, current: 1 } } as const;
			const { message, description } = requestFailed(outcome);
			expect(await editor.failure()).toEqual({ message: `${message}`, description });
			await look('mistake-credits');
			await editor.output.getByText('From Veo').click();
			await editor.output.getByText('API code: 1001').waitFor();
			await look('mistake-details');
		});

		uiTest('names its item and the videos of the other items', async () => {
			const { emulator } = editor.harness;
			const refused = { type: 'envelope', code: 1000, msg: 'No vases', status: 400 } as const;
			emulator.options.faults = [{ on: 'generate', prompt: 'vase', do: refused }];
			const prompts = ['A kite', 'A broken vase', 'A red door'];
			await editor.openForm(
				manualTrigger(),
				items(
					'Prompts',
					prompts.map((prompt) => ({ prompt })),
				),
				editor.harness.veo('Veo', { prompt: '={{ $json.prompt }}' }),
			);
			await editor.run();
			const { message, description } = await editor.failure();
			expect(message).toMatch(/No vases \[item 1\]$/);
			expect(emulator.jobs).toHaveLength(2);
			for (const { uuid } of emulator.jobs) expect(description).toContain(uuid);
			await look('mistake-item');
		});
	});

	describe('the trigger', () => {
		const table = 'veo_jobs';

		uiTest('is set up with an API key of n8n', async () => {
			await editor.openNewWorkflow();
			await (await editor.search('veo')).click();
			await editor.panel.getByText('On video completed').click();
			await expectFields('watch', 'jobTableName', 'events', 'downloadVideo');
			await editor.choose('watch', 'Listed Videos');
			await expectFields('watch', 'uuids', 'events', 'downloadVideo');
			await look('trigger-listed');
			await editor.choose('watch', 'Job Table');

			await editor.form.getByRole('button', { name: 'Connect to Veo Job Table' }).click();
			await editor.credential.waitFor();
			await look('table-credential');
			const baseUrl = `${editor.harness.n8n.url}/api/v1`;
			const refused = tableCredentialRefused({ name: 'http401' });
			await editor.saveCredential({ apiKey: 'wrong', baseUrl });
			expect(await editor.credentialOnceLike(refused)).toContain(refused);
			await look('table-credential-refused');
			await editor.saveCredential({ apiKey: editor.harness.client.apiKey });
			await editor.credential.waitFor({ state: 'hidden' });

			await editor.run();
			expect(await editor.failure()).toEqual(shown(missingTable(table)));
			await look('trigger-no-table');
		});

		/** Opens a trigger whose table holds one video, which takes so long. */
		async function openTrigger(jobTableName: string, durationMs: number): Promise<void> {
			const { client, emulator, n8n } = editor.harness;
			const data = { apiKey: client.apiKey, baseUrl: `${n8n.url}/api/v1` };
			const { id, name } = await client.createCredential('Job table', 'veoJobTableApi', data);
			emulator.options.durationMs = durationMs;
			const tracked = { operation: 'generate', trackJob: true, jobTableName };
			const veo = editor.harness.veo('Veo', { ...tracked, prompt: PROMPT });
			const credentials = { ...veo.credentials, veoJobTableApi: { id, name } };
			await editor.harness.runManually(chain('Submit', manualTrigger(), { ...veo, credentials }));
			const type = 'n8n-nodes-veo3o1.veoTrigger';
			await editor.openForm(node('Veo Trigger', type, 1, { jobTableName }, { credentials }));
		}

		uiTest('has no test event before a video is finished', async () => {
			await openTrigger('unfinished', 600_000);
			await editor.run();
			expect(await editor.failure()).toEqual(shown(nothingFinished()));
			await look('trigger-nothing');
		});

		uiTest('shows the finished video as the test event', async () => {
			await openTrigger(table, 0);
			await editor.run();
			const [job] = editor.harness.emulator.jobs;
			for (const text of [job?.uuid, 'completed', PROMPT]) {
				await editor.output.getByText(String(text)).first().waitFor();
			}
			await editor.toast.waitFor({ state: 'hidden' });
			await look('trigger');
		});
	});

	describe('in dark mode', () => {
		beforeAll(async () => {
			await editor.setTheme('dark');
		});

		afterAll(async () => {
			await editor.setTheme('light');
		});

		uiTest('the nodes panel shows the dark icon', async () => {
			await editor.openNewWorkflow();
			expect(await editor.iconOf(await editor.search('veo'))).toBe('veo.dark.svg');
			await look('dark-panel');
		});

		uiTest('the form, the video and the messages are readable', async () => {
			await editor.openVeo({ prompt: PROMPT, downloadVideo: true });
			await look('dark-form');
			await editor.run();
			await editor.play();
			await look('dark-result');

			editor.harness.emulator.credits = 1;
			await editor.openVeo({ prompt: PROMPT });
			await editor.run();
			await look('dark-mistake');
		});
	});

	// The last test: it deletes the credential and starts like a new user.
	describe('the credential', () => {
		uiTest('is created from the node and tested when it is saved', async () => {
			const { client, credential, emulator } = editor.harness;
			await client.rest('DELETE', `/credentials/${credential.id}`);
			await editor.openForm(manualTrigger(), node('Veo', 'n8n-nodes-veo3o1.veo', 1, {}));
			await editor.form.getByRole('button', { name: 'Connect to Veo' }).click();
			await editor.credential.waitFor();
			await look('credential');

			const refused = requestFailed({ name: 'code1002', apiMessage: API_MESSAGE }).fullText;
			await editor.saveCredential({ apiKey: 'wrong', baseUrl: emulator.url });
			expect(await editor.credentialOnceLike(refused)).toContain(refused);
			await look('credential-refused');

			const unreachable = requestFailed({ name: 'refused' }).fullText;
			await editor.saveCredential({ apiKey: emulatorKey, baseUrl: NOWHERE });
			expect(await editor.credentialOnceLike(unreachable)).toContain(unreachable);
			await look('credential-unreachable');

			await editor.saveCredential({ baseUrl: emulator.url });
			await editor.credential.waitFor({ state: 'hidden' });
			await editor.page.getByTestId('credential-edit-button').click();
			const good = 'Connection tested successfully';
			expect(await editor.credentialOnceLike(good)).toContain(good);
			await look('credential-good');
			expect(emulator.count('generate')).toBe(0);

			// Last, because n8n may test what is in the form by itself.
			const notice = plainHttpNotice.displayName;
			await editor.fill('baseUrl', 'http://veo.example/api');
			expect(await editor.credentialOnceLike(notice)).toContain(notice);
			await look('credential-plain-http');
		});
	});
});

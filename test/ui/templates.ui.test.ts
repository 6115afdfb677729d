/* The templates as a user imports them: pasted into an n8n that has one credential of each type, with n8n's own names. */
import { dashboard, putJobTable, readTemplates, textToVideo } from '../../harness/templates';
import { hasEnded, itemsOf } from '../../harness/execution';
import { arrayOr, objectOr, type JsonObject } from '../../harness/json';
import { waitFor } from '../../harness/waitFor';
import { chromiumPath } from './chromium';
import { Editor } from './editor';
import { showMoment } from './inBrowser';

/** The credentials that the editor must choose, by node type. */
const CHOSEN: Record<string, string[]> = {
	'n8n-nodes-veo3o1.veo': ['veoApi'],
	'n8n-nodes-veo3o1.veoTool': ['veoApi'],
	'n8n-nodes-veo3o1.veoTrigger': ['veoApi', 'veoJobTableApi'],
	'@n8n/n8n-nodes-langchain.lmChatOpenAi': ['openAiApi'],
};

const visitor = { username: 'visitor', password: 'Veo-visitor-1' };
const DAY_MS = 24 * 60 * 60_000;
const PROMPTS = [
	'A paper boat sails down a rainy street at dusk, filmed from just above the water',
	'A lighthouse at dawn, waves far below, slow drone shot',
	'A fox crosses a snowy field under northern lights',
	'Hot-air balloons rise over misty hills, golden light',
];

let editor: Editor;

async function nodesOf(workflowId: string): Promise<JsonObject[]> {
	const workflow = await editor.harness.client.rest('GET', `/workflows/${workflowId}`);
	return arrayOr(objectOr(workflow).nodes).map(objectOr);
}

function credentialsOf({ type, parameters }: JsonObject): string[] {
	const { authentication, trackJob } = objectOr(parameters);
	return [
		...(authentication === 'basicAuth' ? ['httpBasicAuth'] : []),
		...(CHOSEN[String(type)] ?? []),
		...(trackJob === true ? ['veoJobTableApi'] : []),
	];
}

/** The types of the credentials that exist in this n8n. Others have no ID. */
function chosenIn({ credentials }: JsonObject): string[] {
	const chosen = Object.entries(objectOr(credentials)).filter(([, one]) => objectOr(one).id);
	return chosen.map(([type]) => type).sort();
}

async function pasteAndPublish(name: string): Promise<void> {
	const template = (await readTemplates()).find((one) => one.name === name);
	if (template === undefined) throw new Error(`There is no template "${name}"`);
	await editor.harness.client.activateAndWait(await editor.paste(template));
}

(chromiumPath === undefined ? describe.skip : describe)('A pasted template', () => {
	beforeAll(async () => {
		editor = await Editor.start();
		const { client, n8n } = editor.harness;
		const baseUrl = `${n8n.url}/api/v1`;
		const jobTable = { apiKey: client.apiKey, baseUrl };
		await client.createCredential('Veo Job Table account', 'veoJobTableApi', jobTable);
		const basic = { user: visitor.username, password: visitor.password };
		await client.createCredential('Basic Auth account', 'httpBasicAuth', basic);
		const model = { apiKey: 'none', url: 'http://127.0.0.1:9/v1' };
		await client.createCredential('OpenAI account', 'openAiApi', model);
		await editor.page.setViewportSize({ width: 1280, height: 720 });
	});

	afterAll(async () => {
		await editor.close();
	});

	it('has all its credentials chosen', async () => {
		for (const template of await readTemplates()) {
			const { name } = template;
			const id = await editor.paste(template);
			await editor.picture(`template-${name}`);
			const nodes = await nodesOf(id);
			expect([name, nodes.length]).toEqual([name, template.nodes.length]);
			for (const node of nodes) {
				expect([name, node.name, chosenIn(node)]).toEqual([name, node.name, credentialsOf(node)]);
			}
		}
	});

	it('makes a video by one press of a button', async () => {
		const [template] = (await readTemplates()).filter(({ name }) => name === textToVideo);
		if (template === undefined) throw new Error(`There is no template "${textToVideo}"`);
		const workflowId = await editor.paste(template);
		await editor.page.getByTestId('execute-workflow-button').click();
		const { client } = editor.harness;
		const execution = await waitFor('the execution', 60_000, async () => {
			const [newest] = await client.executions({ workflowId });
			return newest && hasEnded(newest.status) ? await client.execution(newest.id) : undefined;
		});
		expect(itemsOf(execution, 'Veo')[0]?.json.status).toBe('completed');
	});

	it('shows the dashboard', async () => {
		const { client, emulator } = editor.harness;
		await putJobTable(client);
		const data = Array.from({ length: 14 }, (_, index) => {
			const prompt = PROMPTS[index % PROMPTS.length] ?? '';
			const { uuid } = emulator.accept({ generationType: 'text_to_video', prompt });
			const submittedAt = new Date(Date.now() - (index * DAY_MS) / 3).toISOString();
			const state = [{ status: 'processing', progress: 60 }, {}, {}, {}, { status: 'failed' }][
				index
			];
			const videoUrl = `${emulator.origin}/videos/${uuid}.mp4`;
			return { uuid, prompt, submittedAt, status: 'completed', videoUrl, ...state };
		});
		const table = (await client.dataTables()).get('veo_jobs');
		await client.api('POST', `/data-tables/${table}/rows`, { data, returnType: 'count' });
		await pasteAndPublish(dashboard.name);
		const page = await editor.openPage(dashboard.path, visitor);
		await page.evaluate(showMoment);
		await editor.picture('dashboard', page);
		await page.close();
	});

	it('shows the video on the page of the form', async () => {
		await pasteAndPublish('Image file to video');
		const page = await editor.openPage('form/image-to-video', visitor);
		const image = { name: 'boat.png', mimeType: 'image/png', buffer: await page.screenshot() };
		await page.locator('input[type=file]').setInputFiles(image);
		await page.locator('textarea').fill('The boat sails down the rainy street');
		expect(await page.locator('select').inputValue()).toBe('auto');
		await page.getByRole('button', { name: 'Make the video' }).click();
		await page.locator('video').waitFor();
		await page.evaluate(showMoment);
		await editor.picture('form-page', page);
		await page.close();
	});
});

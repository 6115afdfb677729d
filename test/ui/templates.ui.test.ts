/* The templates as a user imports them: pasted into an n8n that has one credential of each type, with n8n's own names. */
import { readTemplates, textToVideo } from '../../harness/templates';
import { hasEnded, itemsOf } from '../../harness/execution';
import { arrayOr, objectOr } from '../../harness/json';
import { waitFor } from '../../harness/waitFor';
import { chromiumPath } from './chromium';
import { Editor } from './editor';

/** The credentials that the editor must choose, by node type. */
const CHOSEN: Record<string, string[]> = {
	'n8n-nodes-veo3o1.veo': ['veoApi'],
	'n8n-nodes-veo3o1.veoTool': ['veoApi'],
	'n8n-nodes-veo3o1.veoTrigger': ['veoApi', 'veoJobTableApi'],
	'n8n-nodes-base.formTrigger': ['httpBasicAuth'],
	'@n8n/n8n-nodes-langchain.lmChatOpenAi': ['openAiApi'],
};

let editor: Editor;

(chromiumPath === undefined ? describe.skip : describe)('A pasted template', () => {
	beforeAll(async () => {
		editor = await Editor.start();
		const { client, n8n } = editor.harness;
		const baseUrl = `${n8n.url}/api/v1`;
		const jobTable = { apiKey: client.apiKey, baseUrl };
		await client.createCredential('Veo Job Table account', 'veoJobTableApi', jobTable);
		const basic = { user: 'visitor', password: 'Veo-visitor-1' };
		await client.createCredential('Basic Auth account', 'httpBasicAuth', basic);
		const model = { apiKey: 'none', url: 'http://127.0.0.1:9/v1' };
		await client.createCredential('OpenAI account', 'openAiApi', model);
		await editor.page.setViewportSize({ width: 1280, height: 720 });
	});

	afterAll(async () => {
		await editor.close();
	});

	it('has all credentials chosen, and nothing under the buttons of the canvas', async () => {
		const incomplete: unknown[] = [];
		for (const template of await readTemplates()) {
			const { name } = template;
			const id = await editor.paste(template);
			const workflow = await editor.harness.client.rest('GET', `/workflows/${id}`);
			const nodes = arrayOr(objectOr(workflow).nodes).map(objectOr);
			expect([name, nodes.length]).toEqual([name, template.nodes.length]);
			for (const { name: node, type, credentials, parameters } of nodes) {
				const { authentication, trackJob } = objectOr(parameters);
				const wanted = [...(CHOSEN[String(type)] ?? [])];
				if (trackJob === true) wanted.push('veoJobTableApi');
				if (authentication === 'basicAuth' && wanted.length === 0) wanted.push('httpBasicAuth');
				const chosen = Object.keys(objectOr(credentials)).sort();
				if (chosen.join() !== wanted.sort().join()) incomplete.push([name, node, chosen]);
			}
			await editor.picture(`template-${name}`);
		}
		expect(incomplete).toEqual([]);
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
});

/** Each template, pasted into n8n's editor as a user does. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { objectOr, requiredString, arrayOr } from '../../harness/json';
import { templatesFolder } from '../../harness/paths';
import { putTemplates, credentialNames } from '../../harness/templates';
import { chromiumPath } from './chromium';
import { Editor } from './editor';
import { coveredNodes } from './inBrowser';

let editor: Editor;
/** The nodes that `putTemplates` makes of the files, with their credentials, by workflow and node. */
const expected = new Map<string, unknown>();

const credentialsOf = (workflow: unknown) =>
	Object.fromEntries(
		arrayOr(objectOr(workflow).nodes)
			.map(objectOr)
			.map(({ name, credentials }) => [String(name), credentials ?? {}]),
	);

(chromiumPath === undefined ? describe.skip : describe)('A pasted template', () => {
	beforeAll(async () => {
		editor = await Editor.start();
		const { client, credential } = editor.harness;
		const credentials = [
			credential,
			await client.createCredential(credentialNames.veoJobTableApi, 'veoJobTableApi', {
				apiKey: client.apiKey,
				baseUrl: `${client.url}/api/v1`,
			}),
			await client.createCredential(credentialNames.httpBasicAuth, 'httpBasicAuth', {
				user: 'viewer',
				password: 'Veo-page-1',
			}),
			await client.createCredential(credentialNames.openAiApi, 'openAiApi', { apiKey: 'none' }),
		];
		const ids = await putTemplates(client, { credentials, webhookUrl: 'https://example.com/' });
		for (const [name, id] of ids) {
			expected.set(name, credentialsOf(await client.rest('GET', `/workflows/${id}`)));
		}
		await editor.page.setViewportSize({ width: 1280, height: 720 });
		await editor.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
	});

	afterAll(async () => {
		await editor.close();
	});

	it('has the only credential of each type, no issues, and nothing under n8n’s overlays', async () => {
		const files = (await readdir(templatesFolder)).filter((file) => file.endsWith('.json'));
		for (const file of files) {
			const text = await readFile(join(templatesFolder, file), 'utf8');
			const name = requiredString(JSON.parse(text), 'name');
			const id = await editor.paste(text);
			const saved = await editor.harness.client.rest('GET', `/workflows/${id}`);
			expect({ file, credentials: credentialsOf(saved) }).toEqual({
				file,
				credentials: expected.get(name),
			});
			await editor.page.goto(`${editor.harness.n8n.url}/workflow/${id}`);
			await editor.page.getByTestId('canvas-node').first().waitFor();
			await editor.picture(`template-${file.replace('.json', '')}`);
			const covered = await editor.page.evaluate(coveredNodes);
			expect({ file, covered }).toEqual({ file, covered: [] });
		}
	}, 500_000);
});

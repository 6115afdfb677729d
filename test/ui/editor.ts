import { isDeepStrictEqual } from 'node:util';

import { chromium, selectors, type Browser, type Locator, type Page } from 'playwright-core';

import { waitFor } from '../../harness/waitFor';
import { N8nHarness, owner } from '../../harness/n8nHarness';
import { chain, manualTrigger, type WorkflowNode } from '../../harness/workflow';
import { chromiumPath } from './chromium';
import { cutOffTexts, isLoaded, playing } from './inBrowser';
import { picturePaths } from './pictures';

/** A person at n8n's editor, in a real browser. Finds things by n8n's ids for tests, and by the words that are shown. */
export class Editor {
	private constructor(
		readonly harness: N8nHarness,
		private readonly browser: Browser,
		readonly page: Page,
	) {}

	/** With a signed-in person, and an emulator whose videos are finished at once. */
	static async start(): Promise<Editor> {
		selectors.setTestIdAttribute('data-test-id');
		const harness = await N8nHarness.start({ emulator: { durationMs: 0 } });
		const browser = await chromium.launch({
			executablePath: chromiumPath,
			args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update'],
		});
		const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
		page.setDefaultTimeout(60_000);
		const editor = new Editor(harness, browser, page);
		await editor.signIn();
		return editor;
	}

	async close(): Promise<void> {
		await this.browser.close();
		await this.harness.close();
	}

	private async signIn(): Promise<void> {
		await this.page.goto(`${this.harness.n8n.url}/signin`);
		await this.page.getByRole('textbox', { name: 'Email' }).fill(owner.email);
		await this.page.getByRole('textbox', { name: 'Password' }).fill(owner.password);
		await this.page.getByRole('button', { name: 'Sign in' }).click();
		await this.page.waitForURL(({ pathname }) => !pathname.startsWith('/signin'));
	}

	/** Saves what is seen. Gives the texts in it that are cut off. */
	async picture(name: string): Promise<string[]> {
		for (const path of picturePaths(name)) {
			await this.page.screenshot({ path, animations: 'disabled' });
		}
		return await this.page.evaluate(cutOffTexts);
	}

	async setTheme(theme: 'light' | 'dark'): Promise<void> {
		// n8n follows the system's, unless the person has chosen another one.
		await this.page.emulateMedia({ colorScheme: theme });
	}

	/** Opens an empty workflow with the panel that offers what may start it. */
	async openNewWorkflow(): Promise<void> {
		await this.page.goto(`${this.harness.n8n.url}/workflow/new`);
		await this.page.getByTestId('canvas-plus-button').click();
	}

	get panel(): Locator {
		return this.page.getByTestId('node-creator');
	}

	/** What the nodes panel offers of Veo for these words. n8n makes one entry of a node and its trigger. */
	async search(words: string): Promise<Locator> {
		await this.page.getByTestId('node-creator-search-bar').fill(words);
		const name = this.page.getByTestId('node-creator-item-name').filter({ hasText: /^Veo$/ });
		return this.panel.getByTestId('item-iterator-item').filter({ has: name });
	}

	/** The file of the icon that is shown in an entry. */
	async iconOf(entry: Locator): Promise<string | undefined> {
		const icon = entry.locator('img').first();
		const source = await icon.getAttribute('src');
		const loaded = async () => ((await icon.evaluate(isLoaded)) ? true : undefined);
		await waitFor('the icon', 10_000, loaded);
		return source?.split('/').at(-1);
	}

	/** Opens a workflow of these nodes, and the form of the last one. */
	async openForm(...nodes: [WorkflowNode, ...WorkflowNode[]]): Promise<void> {
		const [first, ...others] = nodes;
		const spread = others.map((node, index) => ({ ...node, position: at(index + 1) }));
		const { id } = await this.harness.save(chain('Video', first, ...spread));
		await this.page.goto(`${this.harness.n8n.url}/workflow/${id}`);
		await this.page
			.locator(`[data-node-name="${nodes.at(-1)?.name}"]`)
			.first()
			.dblclick();
		await this.form.waitFor();
	}

	/** The same for a Veo node that is started by hand. */
	async openVeo(parameters: object): Promise<void> {
		await this.openForm(manualTrigger(), this.harness.veo('Veo', parameters));
	}

	get form(): Locator {
		return this.page.getByTestId('ndv');
	}

	field(name: string): Locator {
		return this.page.getByTestId(`parameter-input-${name}`).filter({ visible: true });
	}

	async valueOf(field: string): Promise<string> {
		return await this.field(field).getByRole('combobox').inputValue();
	}

	/** The names of the fields, in the order in which they are shown. */
	private async fields(): Promise<string[]> {
		const shown = this.form
			.getByTestId(/^parameter-input-(?!field$|item$)/)
			.filter({ visible: true });
		const ids = await Promise.all(
			(await shown.all()).map(async (field) => await field.getAttribute('data-test-id')),
		);
		return ids.map((id) => id?.replace('parameter-input-', '') ?? '');
	}

	/** The names of the fields once they are these, or else what they remain. */
	async fieldsOnceLike(names: string[]): Promise<string[]> {
		const asWanted = async () =>
			isDeepStrictEqual(await this.fields(), names) ? names : undefined;
		return await waitFor('the fields', 10_000, asWanted).catch(async () => await this.fields());
	}

	async fill(field: string, text: string): Promise<void> {
		await this.field(field).getByTestId('parameter-input-field').fill(text);
	}

	async openList(field: string): Promise<void> {
		await this.field(field).click();
		await this.page.getByRole('option').filter({ visible: true }).first().waitFor();
	}

	/** Chooses from the list that is open. */
	async pick(label: string): Promise<void> {
		const words = this.page.getByText(label, { exact: true });
		await this.page.getByRole('option').filter({ visible: true, has: words }).click();
		await this.rest();
	}

	async choose(field: string, label: string): Promise<void> {
		await this.openList(field);
		await this.pick(label);
	}

	async toggle(field: string): Promise<void> {
		// What has that role is too small to be clicked; what is around it is what is seen.
		await this.field(field).getByRole('switch').locator('..').click();
		await this.rest();
	}

	/** What the list under "Add option" offers; it is open then. */
	async offeredOptions(): Promise<string[]> {
		await this.form.getByTestId('collection-parameter-add').filter({ visible: true }).click();
		const offered = this.page.getByTestId('collection-parameter-option').filter({ visible: true });
		await offered.first().waitFor();
		return await offered.allInnerTexts();
	}

	async addOption(label: string): Promise<void> {
		await this.offeredOptions();
		const words = this.page.getByText(label, { exact: true });
		await this.page.getByTestId('collection-parameter-option').filter({ has: words }).click();
	}

	get credential(): Locator {
		return this.page.getByTestId('credential-edit-dialog');
	}

	/** Saves the credential that is open with these values. n8n tests it then, and closes a new one that is good. */
	async saveCredential(values: Record<string, string>): Promise<void> {
		for (const [field, value] of Object.entries(values)) await this.fill(field, value);
		await this.page.getByTestId('credential-save-button').click();
	}

	/** All that the credential shows once these words are there, or else what it remains. */
	async credentialOnceLike(words: string): Promise<string> {
		const details = this.credential.getByText('More details');
		return await waitFor('the words', 30_000, async () => {
			if (await details.isVisible()) await details.click();
			const shown = await this.credential.innerText();
			return shown.includes(words) ? shown : undefined;
		}).catch(async () => await this.credential.innerText());
	}

	get output(): Locator {
		return this.page.getByTestId('output-panel');
	}

	/** Presses "Execute step", or what a trigger has in its place, and waits until it has come to its end. */
	async run(): Promise<void> {
		await this.form.getByTestId('node-execute-button').click();
		await this.toast.waitFor();
		await this.form.locator('[aria-busy=true]').first().waitFor({ state: 'hidden' });
		await this.rest();
	}

	/** Takes the mouse away: what it points at looks different in the pictures. */
	private async rest(): Promise<void> {
		await this.page.mouse.move(0, 0);
	}

	/** What n8n tells in the corner of how a run went, for a few seconds. */
	get toast(): Locator {
		const words = /Node executed successfully|Problem in node|execution cannot start/;
		return this.page.getByRole('alert').filter({ hasText: words });
	}

	/** Plays the film of the output for a second, there in the panel. */
	async play(): Promise<ReturnType<typeof playing>> {
		await this.output.getByTestId('radio-button-binary').click();
		await this.output.getByTestId('ndv-view-binary-data').click();
		return await waitFor('the film to play', 30_000, async () => {
			const state = await this.output.locator('video').evaluate(playing);
			return state.failed || state.second >= 1 ? state : undefined;
		});
	}

	/** What n8n shows of a node that has failed. */
	async failure(): Promise<{ message: string; description: string }> {
		const message = await this.output.getByTestId('node-error-message').innerText();
		const description = this.output.getByTestId('node-error-description');
		return {
			message,
			description: (await description.isVisible()) ? await description.innerText() : '',
		};
	}
}

/** Far enough apart to be clicked. */
const at = (index: number): [number, number] => [index * 260, 0];

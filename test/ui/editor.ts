import { isDeepStrictEqual } from 'node:util';

import { chromium, selectors, type Browser, type Locator, type Page } from 'playwright-core';

import { waitFor } from '../../harness/waitFor';
import { N8nHarness, owner } from '../../harness/n8nHarness';
import { chain, manualTrigger, type WorkflowNode } from '../../harness/workflow';
import { chromiumPath } from './chromium';
import { clippedTexts, isLoaded, pasteText, playbackState } from './inBrowser';
import { picturePaths } from './pictures';

/** n8n's editor in a real browser. Finds elements by n8n's test IDs and by the visible texts. */
export class Editor {
	private constructor(
		readonly harness: N8nHarness,
		private readonly browser: Browser,
		readonly page: Page,
	) {}

	/** Signs in. The emulator's videos are finished at once. */
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

	/** Saves a screenshot. Returns the texts that are clipped. */
	async picture(name: string, page = this.page): Promise<string[]> {
		for (const path of picturePaths(name)) {
			await page.screenshot({ path, animations: 'disabled' });
		}
		return await page.evaluate(clippedTexts);
	}

	/** Opens a page that asks for a password, outside of the editor. */
	async openPage(
		path: string,
		httpCredentials: { username: string; password: string },
	): Promise<Page> {
		const viewport = { width: 1280, height: 720 };
		const page = await this.browser.newPage({ viewport, httpCredentials });
		await page.goto(`${this.harness.n8n.url}/${path}`);
		return page;
	}

	async setTheme(theme: 'light' | 'dark'): Promise<void> {
		// n8n uses the system's theme by default.
		await this.page.emulateMedia({ colorScheme: theme });
	}

	/** Opens an empty workflow and the nodes panel. */
	async openNewWorkflow(): Promise<void> {
		await this.page.goto(`${this.harness.n8n.url}/workflow/new`);
		await this.page.getByTestId('canvas-plus-button').click();
	}

	/** Pastes a workflow's text onto the canvas of a new workflow, and saves it. Returns its ID. */
	async paste(workflow: object): Promise<string> {
		await this.page.goto(`${this.harness.n8n.url}/workflow/new`);
		await this.page.getByTestId('canvas-plus-button').waitFor();
		await this.page.evaluate(pasteText, JSON.stringify(workflow));
		await this.page.getByTestId('canvas-node').first().waitFor();
		await this.save();
		await this.page.waitForURL(/workflow\/(?!new)\w+/);
		const id = new URL(this.page.url()).pathname.split('/')[2];
		if (id === undefined) throw new Error(`No workflow at ${this.page.url()}`);
		// As it looks when it is opened the next time.
		await this.page.reload();
		await this.page.getByTestId('canvas-node').first().waitFor();
		await this.rest();
		return id;
	}

	async save(): Promise<void> {
		const answered = this.page.waitForResponse(
			(response) =>
				/\/rest\/workflows/.test(response.url()) &&
				['POST', 'PATCH'].includes(response.request().method()),
		);
		await this.page.keyboard.press('Control+s');
		await answered;
	}

	get panel(): Locator {
		return this.page.getByTestId('node-creator');
	}

	/** Searches the nodes panel, and returns its Veo entries. n8n shows a node and its trigger as one entry. */
	async search(text: string): Promise<Locator> {
		await this.page.getByTestId('node-creator-search-bar').fill(text);
		const name = this.page.getByTestId('node-creator-item-name').filter({ hasText: /^Veo$/ });
		return this.panel.getByTestId('item-iterator-item').filter({ has: name });
	}

	/** The file name of an entry's icon, once it is loaded. */
	async iconOf(entry: Locator): Promise<string | undefined> {
		const icon = entry.locator('img').first();
		const source = await icon.getAttribute('src');
		const loaded = async () => ((await icon.evaluate(isLoaded)) ? true : undefined);
		await waitFor('the icon', 10_000, loaded);
		return source?.split('/').at(-1);
	}

	/** Opens a workflow of these nodes, and the form of the last node. */
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

	/** Opens the form of a Veo node after a manual trigger. */
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

	/** The names of the visible fields, in order. */
	private async fields(): Promise<string[]> {
		const shown = this.form
			.getByTestId(/^parameter-input-(?!field$|item$)/)
			.filter({ visible: true });
		const ids = await Promise.all(
			(await shown.all()).map(async (field) => await field.getAttribute('data-test-id')),
		);
		return ids.map((id) => id?.replace('parameter-input-', '') ?? '');
	}

	/** The names of the fields once they are as expected, or what they are after a timeout. */
	async fieldsOnceLike(names: string[]): Promise<string[]> {
		const ifExpected = async () =>
			isDeepStrictEqual(await this.fields(), names) ? names : undefined;
		return await waitFor('the fields', 10_000, ifExpected).catch(async () => await this.fields());
	}

	async fill(field: string, text: string): Promise<void> {
		await this.field(field).getByTestId('parameter-input-field').fill(text);
	}

	async openList(field: string): Promise<void> {
		await this.field(field).click();
		await this.page.getByRole('option').filter({ visible: true }).first().waitFor();
	}

	/** Chooses from the open list. */
	async pick(label: string): Promise<void> {
		const name = this.page.getByText(label, { exact: true });
		await this.page.getByRole('option').filter({ visible: true, has: name }).click();
		await this.rest();
	}

	async choose(field: string, label: string): Promise<void> {
		await this.openList(field);
		await this.pick(label);
	}

	async toggle(field: string): Promise<void> {
		// The element with this role is too small to be clicked. Its parent is the visible switch.
		await this.field(field).getByRole('switch').locator('..').click();
		await this.rest();
	}

	/** Opens the list of "Add option" and returns its entries. */
	async offeredOptions(): Promise<string[]> {
		await this.form.getByTestId('collection-parameter-add').filter({ visible: true }).click();
		const offered = this.page.getByTestId('collection-parameter-option').filter({ visible: true });
		await offered.first().waitFor();
		return await offered.allInnerTexts();
	}

	async addOption(label: string): Promise<void> {
		await this.offeredOptions();
		const name = this.page.getByText(label, { exact: true });
		await this.page.getByTestId('collection-parameter-option').filter({ has: name }).click();
	}

	get credential(): Locator {
		return this.page.getByTestId('credential-edit-dialog');
	}

	/** Saves the open credential with these values. n8n then tests it, and closes a new one if it is valid. */
	async saveCredential(values: Record<string, string>): Promise<void> {
		for (const [field, value] of Object.entries(values)) await this.fill(field, value);
		await this.page.getByTestId('credential-save-button').click();
	}

	/** The texts of the credential once they contain this text, or what they are after a timeout. */
	async credentialOnceLike(text: string): Promise<string> {
		const details = this.credential.getByText('More details');
		return await waitFor(text, 30_000, async () => {
			if (await details.isVisible()) await details.click();
			const shown = await this.credential.innerText();
			return shown.includes(text) ? shown : undefined;
		}).catch(async () => await this.credential.innerText());
	}

	get output(): Locator {
		return this.page.getByTestId('output-panel');
	}

	/** Clicks "Execute step", or the trigger's button in its place, and waits until the execution has ended. */
	async run(): Promise<void> {
		await this.form.getByTestId('node-execute-button').click();
		await this.toast.waitFor();
		await this.form.locator('[aria-busy=true]').first().waitFor({ state: 'hidden' });
		await this.rest();
	}

	/** Moves the mouse away: elements under it look different in the screenshots. */
	private async rest(): Promise<void> {
		await this.page.mouse.move(0, 0);
	}

	/** n8n's notification about the result of an execution, visible for a few seconds. */
	get toast(): Locator {
		const hasText = /Node executed successfully|Problem in node|execution cannot start/;
		return this.page.getByRole('alert').filter({ hasText });
	}

	/** Plays the video in the output panel for a second. */
	async play(): Promise<ReturnType<typeof playbackState>> {
		await this.output.getByTestId('radio-button-binary').click();
		await this.output.getByTestId('ndv-view-binary-data').click();
		return await waitFor('the video to play', 30_000, async () => {
			const state = await this.output.locator('video').evaluate(playbackState);
			return state.failed || state.second >= 1 ? state : undefined;
		});
	}

	/** The error that n8n shows for a failed node. */
	async failure(): Promise<{ message: string; description: string }> {
		const message = await this.output.getByTestId('node-error-message').innerText();
		const description = this.output.getByTestId('node-error-description');
		return {
			message,
			description: (await description.isVisible()) ? await description.innerText() : '',
		};
	}
}

/** Far enough apart to be clicked separately. */
const at = (index: number): [number, number] => [index * 260, 0];

/**
 * Takes the README's pictures from the real editor: `npm run screenshots`. Needs Chromium (CHROMIUM_PATH, or
 * /usr/bin/chromium).
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Page, selectors } from 'playwright-core';
import { packPackage } from '../../demo/lib/package';
import { runFolder } from '../../demo/lib/paths';
import { Harness } from '../e2e/harness';
import { chain, manualTrigger } from '../e2e/workflow';

const IMAGES = join(__dirname, '../../docs/images');

async function main(): Promise<void> {
	selectors.setTestIdAttribute('data-test-id');
	mkdirSync(IMAGES, { recursive: true });
	process.env.VEO_E2E_PACKAGE = await packPackage(join(runFolder, 'ui-package'));
	const harness = await Harness.start({ emulator: { durationMs: 4000 } });
	const browser = await chromium.launch({
		executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update'],
	});
	try {
		const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
		await signIn(page, harness);
		const trigger = { ...manualTrigger(), position: [0, 0] as [number, number] };
		const veo = harness.veo('Veo', {
			operation: 'generateAndWait',
			prompt:
				'A paper boat sails through a rainy city street at dusk, slow camera, soft reflections',
			aspectRatio: '16:9',
			downloadVideo: true,
		});
		const workflow = chain('Text to video', trigger, { ...veo, position: [260, 0] });
		const { id } = await harness.save(workflow);
		await page.goto(`${harness.n8n.url}/workflow/${id}`);
		await page.getByTestId('canvas-node').first().waitFor();
		await dismissTips(page);
		await page.locator('[data-node-name="Veo"]').first().dblclick();
		await page
			.getByTestId('ndv')
			.waitFor()
			.catch(() => undefined);
		await page.waitForTimeout(1500);
		await page.screenshot({ path: join(IMAGES, 'form.png') });
		await page.getByTestId('node-execute-button').click();
		await page.getByTestId('output-panel').getByText('Binary').click({ timeout: 60_000 });
		await page.waitForTimeout(1500);
		await dismissTips(page);
		await page.screenshot({ path: join(IMAGES, 'result.png') });
	} finally {
		await browser.close();
		await harness.close();
	}
}

async function signIn(page: Page, harness: Harness): Promise<void> {
	await page.goto(`${harness.n8n.url}/signin`);
	await page
		.locator('input[type=email], input[name=emailOrLdapLoginId]')
		.first()
		.fill('tester@example.com');
	await page.locator('input[type=password]').fill('Veo-tests-1');
	await page.getByRole('button', { name: /sign in/i }).click();
	await page.waitForURL((url) => !url.pathname.startsWith('/signin'));
}

/** n8n shows tips and offers to a new user, which would cover the picture. */
async function dismissTips(page: Page): Promise<void> {
	for (const name of [/^close$/i, /got it/i, /dismiss/i, /maybe later/i]) {
		const button = page.getByRole('button', { name }).first();
		if (await button.isVisible().catch(() => false)) await button.click();
	}
}

void main().catch((thrown: unknown) => {
	console.error(thrown);
	process.exitCode = 1;
});

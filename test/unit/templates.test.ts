import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { INodeTypeDescription } from 'n8n-workflow';
import { arrayOr, objectOr, requiredString, type JsonObject } from '../../harness/json';
import { projectRoot, templatesFolder } from '../../harness/paths';
import { JOB_COLUMNS } from '../../nodes/Veo/jobTable/jobTable';
import { Veo } from '../../nodes/Veo/Veo.node';
import { VeoTrigger } from '../../nodes/Veo/VeoTrigger.node';

const files = readdirSync(templatesFolder);
const read = (file: string): JsonObject =>
	objectOr(JSON.parse(readFileSync(join(templatesFolder, file), 'utf8')));
const nodesOf = (file: string) => arrayOr(read(file).nodes).map(objectOr);
const named = (node: JsonObject) => requiredString(node, 'name');
const isNote = ({ type }: JsonObject) => type === 'n8n-nodes-base.stickyNote';

const veo = new Veo().description;
const ownTypes: Record<string, INodeTypeDescription> = {
	'n8n-nodes-veo3o1.veo': veo,
	'n8n-nodes-veo3o1.veoTool': veo,
	'n8n-nodes-veo3o1.veoTrigger': new VeoTrigger().description,
};
/** n8n's Data table node takes the last changed table whose name contains the name. */
const SAME_NAME =
	'If the name of another table contains this one, choose the table *From list* in each Data table node.';
/** Fields that n8n adds to tools. */
const n8nFields = ['descriptionType', 'toolDescription'];

describe.each(files)('%s', (file) => {
	const nodes = nodesOf(file);
	const notes = nodes.filter(isNote);
	const others = nodes.filter((node) => !isNote(node));

	it('contains no data of the n8n instance or user that exported it', () => {
		expect(Object.keys(read(file)).sort()).toEqual(['connections', 'name', 'nodes', 'settings']);
		for (const node of nodes) {
			expect(Object.keys(node)).not.toEqual(expect.arrayContaining(['webhookId']));
			// Without this block, n8n chooses the user's only credential, whatever its name, but never two. So a node that
			// needs two names them as n8n does.
			const { trackJob, watch } = objectOr(node.parameters);
			const needsTwo = trackJob === true || watch === 'jobTable';
			expect(node.credentials).toEqual(
				needsTwo
					? {
							veoApi: { id: null, name: 'Veo account' },
							veoJobTableApi: { id: null, name: 'Veo Job Table account' },
						}
					: undefined,
			);
		}
	});

	it('has unique names and ids, and connects all nodes', () => {
		const names = nodes.map(named);
		expect(new Set(names).size).toBe(names.length);
		expect(new Set(nodes.map(({ id }) => id)).size).toBe(nodes.length);
		const links = Object.entries(objectOr(read(file).connections)).flatMap(([from, outputs]) =>
			Object.values(objectOr(outputs))
				.flatMap((output) => arrayOr(output).flatMap(arrayOr))
				.map((link) => [from, requiredString(link, 'node')]),
		);
		expect(names).toEqual(expect.arrayContaining(links.flat()));
		expect(new Set(links.flat())).toEqual(new Set(others.map(named)));
	});

	it('connects each error output', () => {
		const connections = objectOr(read(file).connections);
		for (const node of others.filter(({ onError }) => onError === 'continueErrorOutput')) {
			const errorOutput = arrayOr(objectOr(connections[named(node)]).main)[1];
			expect([named(node), arrayOr(errorOutput)]).not.toEqual([named(node), []]);
		}
	});

	it('has the note about similar table names where a Data table node finds its table by name', () => {
		const isByName = ({ parameters }: JsonObject) =>
			objectOr(objectOr(parameters).dataTableId).mode === 'name';
		const hasSentence = notes.some(({ parameters }) =>
			requiredString(parameters, 'content').includes(SAME_NAME),
		);
		expect(hasSentence).toBe(others.some(isByName));
	});

	it('pays for no more videos in one run than its notes say', () => {
		const texts = notes.map(({ parameters }) => requiredString(parameters, 'content'));
		const [, most] = /At most (\d+) in one run/.exec(texts.join('\n')) ?? [];
		if (most === undefined) return;
		const limits = others
			.filter(({ type }) => ownTypes[String(type)] === veo)
			.map(({ parameters }) => Number(objectOr(objectOr(parameters).options).maxVideos ?? 100));
		expect(limits.reduce((sum, limit) => sum + limit, 0)).toBe(Number(most));
	});

	it('uses only existing fields of the Veo nodes', () => {
		for (const { type, parameters } of others) {
			const description = ownTypes[String(type)];
			if (!description) continue;
			const known = [...description.properties.map(({ name }) => name), ...n8nFields];
			const { options, ...fields } = objectOr(parameters);
			expect(known).toEqual(expect.arrayContaining(Object.keys(fields)));
			const collection = description.properties.find(({ name }) => name === 'options');
			const optionNames = collection?.options?.map(({ name }) => name);
			expect(optionNames).toEqual(expect.arrayContaining(Object.keys(objectOr(options))));
		}
	});

	it('is closed to strangers', () => {
		for (const { type, parameters } of others) {
			const { authentication, public: isPublic = false } = objectOr(parameters);
			// What the template does with a call of the service costs nothing.
			const isFree = file === 'webhook-from-the-service.json';
			if (/\.(webhook|formTrigger)$/.test(String(type)) && !isFree) {
				expect(authentication).toBe('basicAuth');
			}
			if (/\.chatTrigger$/.test(String(type))) expect(isPublic).toBe(false);
		}
	});

	it('has one note about the workflow and a note around each node', () => {
		const texts = notes.map(({ parameters }) => requiredString(parameters, 'content'));
		expect(texts.filter((text) => text.startsWith('## '))).toHaveLength(1);
		const about = texts.find((text) => text.startsWith(`## ${String(read(file).name)}\n`)) ?? '';
		expect(about).toMatch(/^### You need$/m);
		expect(about).toMatch(/^### How to run it$/m);
		// Bold text is a node name, a label of n8n, a number, or a warning that ends with a full stop.
		const bold = [...about.matchAll(/\*\*(.+?)\*\*/g)].map(([, text]) => text);
		const n8nLabels = ['Execute workflow', 'Open chat', 'Settings > n8n API'];
		for (const text of bold) {
			if (/\.$|^\d+$/.test(text ?? '')) continue;
			expect([...others.map(named), ...n8nLabels]).toContain(text);
		}
		for (const node of others) {
			const isExplained = notes.some((note) => overlap(areaOf(note), areaOf(node)));
			expect([named(node), isExplained]).toEqual([named(node), true]);
		}
	});

	it('is aligned to the grid of the canvas', () => {
		for (const { position, parameters } of nodes) {
			const { width = 0, height = 0 } = objectOr(parameters);
			for (const length of [...arrayOr(position), width, height].map(Number)) {
				expect(length).toBe(Math.round(length / 16) * 16);
			}
		}
	});

	it('has notes that do not overlap, and one node per position', () => {
		const overlapping = notes.filter((note) =>
			notes.some((other) => other !== note && overlap(areaOf(note), areaOf(other))),
		);
		expect(overlapping.map(named)).toEqual([]);
		expect(new Set(others.map(({ position }) => String(position))).size).toBe(others.length);
	});
});

it('docs/recipes.md has a section for each template', () => {
	const page = readFileSync(join(projectRoot, 'docs', 'recipes.md'), 'utf8');
	for (const file of files) {
		expect(page).toContain(`## ${String(read(file).name)}\n\n[${file}](../templates/${file})\n`);
	}
});

describe('A job table that a template creates', () => {
	const creates = ({ type, parameters }: JsonObject) =>
		type === 'n8n-nodes-base.dataTable' && objectOr(parameters).operation === 'create';
	const tables = files.flatMap(nodesOf).filter(creates);

	it.each(tables)('has all columns of the job table: $name', ({ parameters }) => {
		const columns = arrayOr(objectOr(objectOr(parameters).columns).column).map(objectOr);
		const types = Object.fromEntries(
			columns.map(({ name, type }): [string, unknown] => [requiredString({ name }, 'name'), type]),
		);
		expect(types).toMatchObject(JOB_COLUMNS);
	});
});

interface Area {
	left: number;
	top: number;
	right: number;
	bottom: number;
}

/** The area of a note, or the position of a node, which is all that its workflow says. */
function areaOf({ position, parameters }: JsonObject): Area {
	const [left = NaN, top = NaN] = arrayOr(position).map(Number);
	const { width = 1, height = 1 } = objectOr(parameters);
	return { left, top, right: left + Number(width), bottom: top + Number(height) };
}

function overlap(one: Area, other: Area): boolean {
	return (
		one.left < other.right &&
		other.left < one.right &&
		one.top < other.bottom &&
		other.top < one.bottom
	);
}

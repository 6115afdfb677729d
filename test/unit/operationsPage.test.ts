/** The tables of docs/operations.md are those of the form. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INodeProperties, INodePropertyOptions, INodeTypeDescription } from 'n8n-workflow';
import { Veo } from '../../nodes/Veo/Veo.node';
import { VeoTrigger } from '../../nodes/Veo/VeoTrigger.node';

const OPERATIONS = ['generateAndWait', 'generate', 'getStatus', 'uploadImage'];

const page = readFileSync(join(__dirname, '../../docs/operations.md'), 'utf8');

/** The rows of the page that tell of a field, by the heading above them. */
function rowsUnder(heading: string): string[] {
	const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
	return section.split('\n').filter((line) => line.startsWith('| **'));
}

const isChoice = (option: object): option is INodePropertyOptions => 'value' in option;
const choicesOf = ({ options = [] }: INodeProperties) => options.filter(isChoice);
const isField = (option: object): option is INodeProperties =>
	'displayName' in option && 'type' in option;

const optionsOf = ({ properties }: INodeTypeDescription) =>
	(properties.find(({ name }) => name === 'options')?.options ?? []).filter(isField);

const fieldsOf = ({ properties }: INodeTypeDescription) =>
	properties.filter(
		({ name }) => !['credential', 'resource', 'operation', 'options'].includes(name),
	);

const conditionsOf = ({ displayOptions }: INodeProperties) =>
	Object.entries(displayOptions?.show ?? {}).map(([name, values]) => ({
		name: name.replace('/', ''),
		values: (values ?? []).map(String),
	}));

function operationsOf(field: INodeProperties): string[] {
	return conditionsOf(field).find(({ name }) => name === 'operation')?.values ?? OPERATIONS;
}

function defaultOf(field: INodeProperties): string {
	const { default: first, type } = field;
	const names = choicesOf(field)
		.filter(({ value }) =>
			Array.isArray(first) ? first.some((one) => one === value) : value === first,
		)
		.map(({ name }) => name);
	if (names.length > 0) return names.join(', ');
	if (type === 'boolean') return first === true ? 'on' : 'off';
	if (type === 'number') return JSON.stringify(first);
	return typeof first === 'string' && first !== '' ? `\`${first}\`` : '';
}

const sentence = (text = '') => text.replace(/\.?$/, '.');

/** How the row of a field begins, and what else it has to name. */
function expected(field: INodeProperties, all: INodeProperties[], operations: string[]) {
	const shownFor = all.filter(({ name }) => name === field.name).flatMap(operationsOf);
	const marks = operations.map((operation) => (shownFor.includes(operation) ? '●' : ''));
	const cells = [
		`**${field.displayName}**<br>\`${field.name}\``,
		defaultOf(field),
		...marks,
		sentence(field.description),
	];
	const conditions = conditionsOf(field)
		.filter(({ name }) => name !== 'resource' && name !== 'operation')
		.map(({ name, values }) => {
			const on = [...all, ...veo.properties].find((one) => one.name === name);
			const choice = on && choicesOf(on).find(({ value }) => values.includes(String(value)));
			return `_${choice?.name ?? on?.displayName}_`;
		});
	const choices = choicesOf(field).map(({ name, value }) => `**${name}** (\`${value}\`)`);
	return { begin: `| ${cells.join(' | ')}`, naming: [...conditions, ...choices] };
}

const veo = new Veo().description;
const trigger = new VeoTrigger().description;

describe.each([
	['Fields of the Veo node', fieldsOf(veo), OPERATIONS],
	['Options of the Veo node', optionsOf(veo), OPERATIONS],
	['Fields of the Veo Trigger', [...fieldsOf(trigger), ...optionsOf(trigger)], []],
])('%s', (heading, fields, operations) => {
	const rows = rowsUnder(heading);

	it('are all there, and no others', () => {
		const names = rows.map((row) => /`(\w+)`/.exec(row)?.[1]).sort();
		expect(names).toEqual([...new Set(fields.map(({ name }) => name))].sort());
	});

	it.each(fields)('tell of $displayName what the form does', (field) => {
		const { begin, naming } = expected(field, fields, operations);
		const row = rows.find((one) => one.includes(`<br>\`${field.name}\``)) ?? '';
		expect(row.slice(0, begin.length)).toBe(begin);
		for (const name of naming) expect(row).toContain(name);
	});
});

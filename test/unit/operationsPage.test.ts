/** Compares the tables of docs/operations.md with the form. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INodeProperties, INodeTypeDescription } from 'n8n-workflow';
import { Veo } from '../../nodes/Veo/Veo.node';
import { VeoTrigger } from '../../nodes/Veo/VeoTrigger.node';
import { choicesOf, OPERATIONS, optionsOf } from './formFields';

const page = readFileSync(join(__dirname, '../../docs/operations.md'), 'utf8');

/** The rows for fields under this heading of the page. */
function rowsUnder(heading: string): string[] {
	const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
	return section.split('\n').filter((line) => line.startsWith('| **'));
}

const optionFieldsOf = ({ properties }: INodeTypeDescription) =>
	properties.filter(({ name }) => name === 'options').flatMap(optionsOf);

const fieldsOf = ({ properties }: INodeTypeDescription) =>
	properties.filter(
		({ name, type }) =>
			type !== 'notice' && !['credential', 'resource', 'operation', 'options'].includes(name),
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
	const { default: value, type } = field;
	const names = choicesOf(field)
		.filter((choice) =>
			Array.isArray(value) ? value.some((one) => one === choice.value) : choice.value === value,
		)
		.map(({ name }) => name);
	if (names.length > 0) return names.join(', ');
	if (type === 'boolean') return value === true ? 'on' : 'off';
	if (type === 'number') return JSON.stringify(value);
	const text = field.type === 'resourceLocator' ? locatedBy(value) : value;
	return typeof text === 'string' && text !== '' ? `\`${text}\`` : '';
}

/** The value of a resource locator's default. */
const locatedBy = (value: INodeProperties['default']) =>
	typeof value === 'object' && value !== null && 'value' in value ? value.value : undefined;

const sentence = (text = '') => text.replace(/\.?$/, '.');

/** How the row of a field starts, and the names that it must contain. */
function expected(field: INodeProperties, all: INodeProperties[], operations: string[]) {
	const shownFor = all.filter(({ name }) => name === field.name).flatMap(operationsOf);
	const marks = operations.map((operation) => (shownFor.includes(operation) ? '●' : ''));
	const cells = [
		`**${field.displayName}**<br>\`${field.name}\``,
		[...new Set(all.filter(({ name }) => name === field.name).map(defaultOf))].join(' or '),
		...marks,
		sentence(field.description),
	];
	const conditions = conditionsOf(field)
		.filter(({ name }) => !['resource', 'operation', '@tool'].includes(name))
		.map(({ name, values }) => {
			const on = [...all, ...veo.properties].find((one) => one.name === name);
			const chosen = (on ? choicesOf(on) : []).filter(({ value }) =>
				values.includes(String(value)),
			);
			return chosen.length > 0
				? chosen.map((choice) => `_${choice.name}_`).join(' or ')
				: `_${on?.displayName}_`;
		});
	const choices = choicesOf(field).map(({ name, value }) => `**${name}** (\`${value}\`)`);
	return { start: `| ${cells.join(' | ')}`, names: [...conditions, ...choices] };
}

const veo = new Veo().description;
const trigger = new VeoTrigger().description;

describe.each([
	['Fields of the Veo node', fieldsOf(veo), OPERATIONS],
	['Options of the Veo node', optionFieldsOf(veo), OPERATIONS],
	['Fields of the Veo Trigger', [...fieldsOf(trigger), ...optionFieldsOf(trigger)], []],
])('%s', (heading, fields, operations) => {
	const rows = rowsUnder(heading);

	it('lists exactly the fields of the form', () => {
		const names = rows.map((row) => /`(\w+)`/.exec(row)?.[1]).sort();
		expect(names).toEqual([...new Set(fields.map(({ name }) => name))].sort());
	});

	it.each(fields)('describes $displayName as the form does', (field) => {
		const { start, names } = expected(field, fields, operations);
		const row = rows.find((one) => one.includes(`<br>\`${field.name}\``)) ?? '';
		expect(row.slice(0, start.length)).toBe(start);
		for (const name of names) expect(row).toContain(name);
	});
});

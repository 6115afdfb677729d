import { type INodeParameters, type INodeProperties, NodeHelpers } from 'n8n-workflow';
import { VeoApi } from '../../credentials/VeoApi.credentials';
import { VeoJobTableApi } from '../../credentials/VeoJobTableApi.credentials';
import {
	ASPECT_RATIOS,
	GENERATE_PARAMETERS,
	GENERATION_TYPES,
	type Parameter,
} from '../../nodes/Veo/api/parameters';
import { Veo } from '../../nodes/Veo/Veo.node';
import { VeoTrigger } from '../../nodes/Veo/VeoTrigger.node';
import { choicesOf, OPERATIONS, optionsOf } from './formFields';

const { description } = new Veo();
const { properties } = description;

const GENERATING = ['generate', 'generateAndWait'];

const valuesOf = (field: INodeProperties) => choicesOf(field).map(({ value }) => value);

/** The field of this name. Fields of the same name differ only in displayOptions, except operation and downloadVideo. */
function fieldNamed(name: string, fields: INodeProperties[] = properties): INodeProperties {
	const [field, ...others] = fields.filter((one) => one.name === name);
	if (!field) throw new Error(`There is no field '${name}'`);
	if (name === 'operation') return field;
	for (const other of others) {
		// Download Video is on by default in one operation only.
		const same = { displayOptions: null, ...(name === 'downloadVideo' && { default: null }) };
		expect({ ...other, ...same }).toEqual({ ...field, ...same });
	}
	return field;
}

const trigger = new VeoTrigger().description;

const optionFields = optionsOf(fieldNamed('options'));
const triggerOptionFields = optionsOf(fieldNamed('options', trigger.properties));

/** The names of the fields that n8n shows with these values and defaults for the others. */
function shownFor(values: INodeParameters, fields = properties, type = description): string[] {
	const resource = values.operation === 'uploadImage' ? 'image' : 'video';
	const given = { operation: 'generateAndWait', resource, ...values };
	const node = { typeVersion: 1 };
	const defaults = NodeHelpers.getNodeParameters(type.properties, given, true, false, node, type);
	const all = { ...defaults, ...given };
	return fields
		.filter(({ type: kind }) => kind !== 'credentials' && kind !== 'notice')
		.filter((field) => NodeHelpers.displayParameter(all, field, { typeVersion: 1 }, type, all))
		.map(({ name }) => name)
		.sort();
}

describe('the parameters of a generate request', () => {
	const table: Array<[string, Parameter]> = Object.entries(GENERATE_PARAMETERS);

	it('match the API reference', () => {
		expect(GENERATE_PARAMETERS).toEqual({
			generationType: {
				required: 'yes',
				values: ['text_to_video', 'image_to_video'],
				default: 'text_to_video',
			},
			prompt: { required: 'yes' },
			aspectRatio: { required: 'no', values: ['auto', '16:9', '9:16'], default: 'auto' },
			imageUrl: { required: { when: { generationType: 'image_to_video' } } },
			imageKey: { required: 'no' },
		});
	});

	it.each(table)('have the same values and default in the form: %s', (name, parameter) => {
		const field = fieldNamed(name);
		expect(field.type).toBe(parameter.values ? 'options' : 'string');
		expect(valuesOf(field)).toEqual([...(parameter.values ?? [])]);
		expect(field.default).toBe(parameter.default ?? '');
	});

	it.each(table)(
		'are required in the form when the API requires them: %s',
		(name, { required }) => {
			for (const operation of GENERATING) {
				for (const generationType of GENERATION_TYPES) {
					const isShown = shownFor({ operation, generationType }).includes(name);
					const { required: isMandatory = false, default: defaultValue } = fieldNamed(name);
					const isRequired = isShown && (isMandatory || defaultValue !== '');
					if (required === 'yes') expect(isRequired).toBe(true);
					else if (required === 'no') expect(isMandatory).toBe(false);
					else expect(isRequired).toBe(generationType === required.when.generationType);
				}
			}
		},
	);
});

describe('the form', () => {
	const generating = [
		'aspectRatio',
		'generationType',
		'operation',
		'options',
		'prompt',
		'resource',
		'trackJob',
	];
	const waiting = [...generating, 'downloadVideo', 'binaryOutputField'].sort();
	const withoutFile = waiting.filter((name) => name !== 'binaryOutputField');

	it.each<[INodeParameters, string[]]>([
		[{}, waiting],
		[{ operation: 'generate' }, generating],
		[{ operation: 'generateAndWait' }, waiting],
		[{ operation: 'generateAndWait', downloadVideo: true }, waiting],
		[{ operation: 'generateAndWait', downloadVideo: false }, withoutFile],
		[{ operation: 'generate', downloadVideo: true }, generating],
		[{ operation: 'generate', trackJob: true }, [...generating, 'jobTableName']],
		[{ operation: 'generateAndWait', trackJob: true }, [...waiting, 'jobTableName']],
		[
			{ operation: 'generate', generationType: 'image_to_video' },
			[...generating, 'imageSource', 'imageUrl', 'imageKey'],
		],
		[
			{ operation: 'generateAndWait', generationType: 'image_to_video' },
			[...waiting, 'imageSource', 'imageUrl', 'imageKey'],
		],
		[
			{ operation: 'generate', generationType: 'image_to_video', imageSource: 'binary' },
			[...generating, 'imageSource', 'binaryPropertyName'],
		],
		[
			{ operation: 'generateAndWait', generationType: 'image_to_video', imageSource: 'binary' },
			[...waiting, 'imageSource', 'binaryPropertyName'],
		],
		[
			{ operation: 'generate', generationType: 'image_to_video', imageSource: 'fetch' },
			[...generating, 'imageSource', 'imageUrl'],
		],
		// A hidden choice must not show its fields.
		[{ operation: 'generate', generationType: 'text_to_video', imageSource: 'binary' }, generating],
		[{ operation: 'getStatus' }, ['resource', 'operation', 'uuid', 'downloadVideo', 'options']],
		[
			{ operation: 'getStatus', downloadVideo: true },
			['resource', 'operation', 'uuid', 'downloadVideo', 'binaryOutputField', 'options'],
		],
		[
			{ operation: 'getStatus', trackJob: true },
			['resource', 'operation', 'uuid', 'downloadVideo', 'options'],
		],
		[{ operation: 'uploadImage' }, ['resource', 'operation', 'binaryPropertyName', 'options']],
		[
			{ operation: 'uploadImage', generationType: 'image_to_video', imageSource: 'url' },
			['resource', 'operation', 'binaryPropertyName', 'options'],
		],
	])('with %j shows %j', (values, names) => {
		expect(shownFor(values)).toEqual([...names].sort());
	});

	it.each([
		['generateAndWait', { makes: true, waits: true }],
		['generate', { makes: true, waits: false }],
		['getStatus', { makes: false, waits: false }],
		['uploadImage', { makes: false, waits: false }],
	])('shows the options that apply to %s', (operation, { makes, waits }) => {
		const always = ['maxRetries', 'requestTimeout'];
		const whenMaking = [
			'extraParameters',
			'maxPromptLength',
			'maxVideos',
			'maxWaitTime',
			'onUnclear',
		];
		const whenWaiting = ['fileName', 'makeAgain', 'maxConcurrentJobs', 'onTimeout', 'pollInterval'];
		expect(shownFor({ operation }, optionFields)).toEqual(
			[...always, ...(makes ? whenMaking : []), ...(waits ? whenWaiting : [])].sort(),
		);
	});

	it('shows Reuse Identical only if the job is tracked', () => {
		const isShown = (values: INodeParameters) =>
			shownFor(values, optionFields).includes('reuseIdentical');
		for (const operation of OPERATIONS) {
			expect(isShown({ operation, trackJob: true })).toBe(GENERATING.includes(operation));
			expect(isShown({ operation, trackJob: false })).toBe(false);
		}
	});

	it('shows File Name only if a video is downloaded', () => {
		const isShown = (values: INodeParameters) =>
			shownFor(values, optionFields).includes('fileName');
		for (const operation of OPERATIONS) {
			const downloads = ['generateAndWait', 'getStatus'].includes(operation);
			expect(isShown({ operation, downloadVideo: true })).toBe(downloads);
			expect(isShown({ operation, downloadVideo: false })).toBe(false);
		}
	});

	it.each([
		['generateAndWait', 'veo', true],
		// An agent needs the link, not the file.
		['generateAndWait', 'veoTool', false],
		['getStatus', 'veo', false],
		['getStatus', 'veoTool', false],
	])('for %s of %s has the default of Download Video: %s', (operation, name, downloads) => {
		const type = { ...description, name };
		const values = { resource: 'video', operation };
		expect(
			NodeHelpers.getNodeParameters(properties, values, true, false, { typeVersion: 1 }, type),
		).toMatchObject({ downloadVideo: downloads });
	});

	it.each([
		[false, 'costNotice'],
		[true, 'progressNotice'],
	])('says what a video takes and costs if Track Job is %s', (trackJob, name) => {
		for (const operation of GENERATING) {
			const values = { resource: 'video', operation, trackJob };
			const notices = properties.filter(
				(field) =>
					field.type === 'notice' &&
					NodeHelpers.displayParameter(values, field, { typeVersion: 1 }, description, values),
			);
			expect(notices.map((one) => one.name)).toEqual([name]);
			expect(notices[0]?.displayName).toMatch(/minutes.*credits/);
		}
	});

	it('lets the user choose the job table from the list or by its name', () => {
		for (const fields of [properties, trigger.properties]) {
			const { modes } = fieldNamed('jobTableName', fields);
			expect(modes?.map(({ name }) => name)).toEqual(['list', 'name']);
		}
	});

	it('shows the job table credential only if the job is tracked', () => {
		const [, jobTable] = description.credentials ?? [];
		if (!jobTable) throw new Error('Expected a second credential');
		const isShown = (parameters: INodeParameters) => {
			const values = { resource: 'video', ...parameters };
			return NodeHelpers.displayParameter(
				values,
				jobTable,
				{ typeVersion: 1 },
				description,
				values,
			);
		};
		for (const operation of OPERATIONS) {
			expect(isShown({ operation, trackJob: true })).toBe(GENERATING.includes(operation));
			expect(isShown({ operation, trackJob: false })).toBe(false);
		}
	});

	// Saved workflows refer to these names, types and defaults.
	it.each([
		['resource', 'options', 'video', false],
		['operation', 'options', 'generateAndWait', false],
		['generationType', 'options', 'text_to_video', false],
		['prompt', 'string', '', true],
		['aspectRatio', 'options', 'auto', false],
		['imageSource', 'options', 'url', false],
		['imageUrl', 'string', '', true],
		['imageKey', 'string', '', false],
		['binaryPropertyName', 'string', 'data', true],
		['uuid', 'string', '', true],
		['downloadVideo', 'boolean', true, false],
		['binaryOutputField', 'string', 'data', true],
		['trackJob', 'boolean', false, false],
		['jobTableName', 'resourceLocator', { mode: 'name', value: 'veo_jobs' }, true],
		['options', 'collection', {}, false],
	])('has the field %s: %s, default %j, required: %j', (name, type, defaultValue, required) => {
		const field = fieldNamed(name);
		expect(field.type).toBe(type);
		expect(field.default).toEqual(defaultValue);
		expect(field.required ?? false).toBe(required);
	});

	it.each([
		['extraParameters', 'json', '{}', undefined],
		['fileName', 'string', '', undefined],
		['idempotencyKey', 'string', '', undefined],
		['makeAgain', 'number', 0, 0],
		['maxConcurrentJobs', 'number', 10, 1],
		['maxPromptLength', 'number', 0, 0],
		['maxVideos', 'number', 100, 0],
		['maxRetries', 'number', 4, 0],
		['maxWaitTime', 'number', 900, 1],
		['onTimeout', 'options', 'error', undefined],
		['onUnclear', 'options', 'error', undefined],
		['pollInterval', 'number', 5, 5],
		['requestTimeout', 'number', 60, 1],
		['reuseIdentical', 'boolean', false, undefined],
	])('has the option %s: %s, default %j, minimum %j', (name, type, defaultValue, minimum) => {
		const field = fieldNamed(name, optionFields);
		expect(field.type).toBe(type);
		expect(field.default).toBe(defaultValue);
		expect(field.typeOptions?.minValue).toBe(minimum);
	});

	it('has the documented choices', () => {
		const operations = properties.filter(({ name }) => name === 'operation');
		expect(operations.flatMap(valuesOf).sort()).toEqual([...OPERATIONS].sort());
		expect(valuesOf(fieldNamed('resource')).sort()).toEqual(['image', 'video']);
		expect(valuesOf(fieldNamed('generationType'))).toEqual([...GENERATION_TYPES]);
		expect(valuesOf(fieldNamed('aspectRatio'))).toEqual([...ASPECT_RATIOS]);
		expect(valuesOf(fieldNamed('imageSource'))).toEqual(['url', 'fetch', 'binary']);
		expect(valuesOf(fieldNamed('onTimeout', optionFields))).toEqual(['error', 'returnStatus']);
	});

	it('has the credentials as its first field', () => {
		for (const [first] of [properties, trigger.properties]) expect(first?.type).toBe('credentials');
	});

	it('has several rows for the prompt', () => {
		expect(fieldNamed('prompt').typeOptions?.rows).toBeGreaterThan(1);
	});

	it('lets n8n report blank required fields', () => {
		const issuesOf = (parameters: INodeParameters) => {
			const node = {
				id: '1',
				name: 'Veo',
				type: 'n8n-nodes-veo3o1.veo',
				typeVersion: 1,
				position: [0, 0] satisfies [number, number],
				parameters: { resource: 'video', ...parameters },
			};
			const issues = NodeHelpers.getNodeParametersIssues(properties, node, description);
			return Object.keys(issues?.parameters ?? {}).sort();
		};
		const image = { operation: 'generate', generationType: 'image_to_video' };
		expect(issuesOf({ operation: 'generate', prompt: '' })).toEqual(['prompt']);
		expect(issuesOf({ operation: 'generate', prompt: 'A fox' })).toEqual([]);
		expect(issuesOf({ ...image, prompt: 'A fox', imageSource: 'url', imageUrl: '' })).toEqual([
			'imageUrl',
		]);
		expect(issuesOf({ operation: 'getStatus', uuid: '' })).toEqual(['uuid']);
		expect(
			issuesOf({ resource: 'image', operation: 'uploadImage', binaryPropertyName: '' }),
		).toEqual(['binaryPropertyName']);
	});
});

describe('the texts of the form', () => {
	const visibleFields = [...properties, ...trigger.properties].filter(
		({ type }) => type !== 'credentials' && type !== 'notice',
	);
	const everyField = [...visibleFields, ...optionFields, ...triggerOptionFields];

	it.each(everyField.filter(({ name }) => !['operation', 'options'].includes(name)))(
		'include a description of $displayName',
		(field) => {
			expect(field.description).toMatch(/^[A-Z].{10,}/);
			if (field.placeholder !== undefined) expect(field.placeholder).toMatch(/^e\.g\. \S/);
		},
	);

	it.each(visibleFields.filter(({ type, default: value }) => type === 'string' && value === ''))(
		'include an example for $displayName',
		(field) => {
			expect(field.placeholder).toMatch(/^e\.g\. \S/);
		},
	);

	it.each(everyField.flatMap((field) => choicesOf(field)))(
		'include a description of the choice $name',
		(choice) => {
			expect(choice.description).toMatch(/^[A-Z]/);
		},
	);

	it.each(choicesOf(fieldNamed('operation')))(
		'include an action text for the operation $name',
		({ action }) => {
			expect(action).toMatch(/^[A-Z][a-z]+ /);
		},
	);

	it.each([
		['generateAndWait', /credits.*minutes/],
		['generate', /credits/],
		['getStatus', /^(?!.*credits)/],
	])('tell a model what a tool costs: %s', (operation, words) => {
		const parameters = { resource: 'video', operation, descriptionType: 'auto' };
		expect(NodeHelpers.makeDescription(parameters, description)).toMatch(words);
	});

	it('include each operation in the subtitle', () => {
		for (const value of OPERATIONS) expect(description.subtitle).toContain(`${value}: "`);
	});
});

describe('the node', () => {
	it('has the name, the version and the credential that saved workflows refer to', () => {
		expect(description.name).toBe('veo');
		expect(description.version).toBe(1);
		expect(description.credentials?.map(({ name, required }) => [name, required])).toEqual([
			['veoApi', true],
			['veoJobTableApi', true],
		]);
		expect(description.usableAsTool).toBe(true);
	});
});

describe('the trigger', () => {
	it('has the name, the version and the credentials that saved workflows refer to', () => {
		expect(trigger.name).toBe('veoTrigger');
		expect(trigger.version).toBe(1);
		// A long-lived trigger, not one that n8n polls.
		expect(trigger.polling).toBeUndefined();
		expect(trigger.credentials?.map(({ name, required }) => [name, required])).toEqual([
			['veoApi', true],
			['veoJobTableApi', true],
		]);
	});

	it.each<[INodeParameters, string[]]>([
		[{}, ['watch', 'jobTableName', 'events', 'downloadVideo', 'options']],
		[{ watch: 'uuids' }, ['watch', 'uuids', 'events', 'downloadVideo', 'options']],
		[
			{ watch: 'uuids', downloadVideo: true },
			['watch', 'uuids', 'events', 'downloadVideo', 'binaryOutputField', 'options'],
		],
	])('with %j shows %j', (values, names) => {
		expect(shownFor(values, trigger.properties, trigger)).toEqual([...names].sort());
	});

	it('lets the user choose the job table from the list or by its name', () => {
		for (const fields of [properties, trigger.properties]) {
			const { modes } = fieldNamed('jobTableName', fields);
			expect(modes?.map(({ name }) => name)).toEqual(['list', 'name']);
		}
	});

	it('shows the job table credential only if it watches the table', () => {
		const [, jobTable] = trigger.credentials ?? [];
		if (!jobTable) throw new Error('Expected a second credential');
		const isShown = (watch: string) =>
			NodeHelpers.displayParameter({ watch }, jobTable, { typeVersion: 1 }, trigger);
		expect([isShown('jobTable'), isShown('uuids')]).toEqual([true, false]);
	});

	it.each([
		['watch', 'options', 'jobTable', false, ['jobTable', 'uuids']],
		['jobTableName', 'resourceLocator', { mode: 'name', value: 'veo_jobs' }, true, []],
		['uuids', 'string', '', true, []],
		['events', 'multiOptions', ['completed'], true, ['completed', 'failed']],
		['downloadVideo', 'boolean', false, false, []],
		['binaryOutputField', 'string', 'data', true, []],
		['options', 'collection', {}, false, []],
	])(
		'has the field %s: %s, default %j, required: %j, choices %j',
		(name, type, value, required, values) => {
			const field = fieldNamed(name, trigger.properties);
			expect(field).toMatchObject({ type, default: value });
			expect(field.required ?? false).toBe(required);
			expect(valuesOf(field)).toEqual(values);
		},
	);

	it.each([
		['deleteAfter', 'number', 0, 0],
		['fileName', 'string', '', undefined],
		['listenForWebhook', 'boolean', false, undefined],
		['pollInterval', 'number', 10, 5],
		['giveUpAfter', 'number', 24, 1],
	])('has the option %s: %s, default %j, minimum %j', (name, type, value, minimum) => {
		const field = fieldNamed(name, triggerOptionFields);
		expect(field).toMatchObject({ type, default: value });
		expect(field.typeOptions?.minValue).toBe(minimum);
	});

	it('has no other option', () => {
		expect(triggerOptionFields).toHaveLength(5);
	});
});

describe.each([
	[new VeoApi(), 'veoApi', 'https://veo3o1.com/api', { Authorization: 'Bearer k-1' }],
	[
		new VeoJobTableApi(),
		'veoJobTableApi',
		'http://localhost:5678/api/v1',
		{ 'X-N8N-API-KEY': 'k-1' },
	],
])('the credential $displayName', (credential, name, baseUrl, headers) => {
	it('has the name that saved workflows refer to', () => {
		expect(credential.name).toBe(name);
	});

	it('has a required password field for the key', () => {
		const apiKey = fieldNamed('apiKey', credential.properties);
		expect(apiKey).toMatchObject({ type: 'string', required: true, default: '' });
		expect(apiKey.typeOptions?.password).toBe(true);
	});

	it('has the default Base URL', () => {
		expect(fieldNamed('baseUrl', credential.properties)).toMatchObject({
			type: 'string',
			default: baseUrl,
		});
	});

	it('adds the key to a request and keeps its other headers', async () => {
		const url = 'https://x.test/api/v1/data-tables';
		const request = { url, headers: { Accept: 'application/json' } };
		const data = { apiKey: 'k-1', baseUrl: 'https://x.test/api/v1' };
		expect(await credential.authenticate(data, request)).toMatchObject({
			url,
			headers: { Accept: 'application/json', ...headers },
		});
		expect(request.headers).toEqual({ Accept: 'application/json' });
	});
});

/** Zones for the rule `import-x/no-restricted-paths`: files in `target` must not import files in `from`. */

/** The folders of the repository. */
export const repositoryZones = [
	{
		target: ['./nodes', './credentials', './index.ts'],
		from: ['./harness', './emulator', './demo', './bench', './test'],
		message: 'The package must not import development code.',
	},
	{
		target: './emulator',
		from: ['./nodes', './credentials', './harness', './demo', './bench', './test'],
		message: 'The emulator must not import other folders: it is independent of what it tests.',
	},
	{
		target: './harness',
		from: ['./demo', './bench', './test'],
		message: 'demo, bench and test import the harness, not the reverse.',
	},
	{
		target: ['./demo', './bench'],
		from: './test',
		message: 'What demo or bench shares with the tests belongs in harness.',
	},
];

/** The folders in nodes/Veo that each folder may import. A *.node.ts may import all of them. */
const allowedImports = {
	actions: ['shared', 'descriptions', 'jobs', 'jobTable', 'http', 'api', 'errors'],
	trigger: ['shared', 'descriptions', 'jobs', 'jobTable', 'http', 'api', 'errors'],
	shared: ['jobs', 'jobTable', 'http', 'api', 'errors'],
	descriptions: ['api'],
	jobs: ['jobTable', 'api', 'errors'],
	jobTable: ['api', 'errors'],
	http: ['api', 'errors'],
	api: ['errors'],
	errors: [],
};

/** The folders of the package: node -> actions | trigger -> shared -> jobs -> jobTable -> api -> errors. */
export const nodeZones = [
	{
		target: './credentials',
		from: './nodes',
		message: 'Nodes import credentials, not the reverse.',
	},
	...Object.entries(allowedImports).map(([folder, allowed]) => ({
		target: `./nodes/Veo/${folder}`,
		from: './nodes/Veo',
		except: [folder, ...allowed].map((name) => `./${name}`),
		message: `${folder}/ may import only: ${allowed.join(', ') || 'nothing'}.`,
	})),
];

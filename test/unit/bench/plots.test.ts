import { pictureOf } from '../../../bench/plots';

const peers = {
	title: "Wall time beside n8n's own video nodes",
	columns: ['items', 'this node', 'OpenAI (Sora)', 'Google Gemini (Veo)', 'MiniMax'],
	rows: [
		['1', '33.00 s', '40.00 s', '35.00 s', '45.00 s'],
		['10', '1,033.00 s', 'not run', '350.00 s', '450.00 s'],
	],
	notes: [],
};

const status = {
	title: 'Status requests and delay',
	columns: ['estimates', '', 'requests per job'],
	rows: [
		['correct', 'fixed interval', '25.5'],
		['correct', 'this node', '6.0'],
		['none', 'fixed interval', '25.5'],
		['none', 'this node', '25.4'],
	],
	notes: [],
};

it('draws a table in both colour schemes, and the same each time', () => {
	const picture = pictureOf(peers);
	expect(Object.keys(picture?.files ?? {})).toEqual(['bench-peers.svg', 'bench-peers-dark.svg']);
	const [light = '', dark = ''] = Object.values(picture?.files ?? {});
	expect(light).toMatch(/^<svg [^]*<\/svg>\n$/);
	expect(light).toContain('fill="#ffffff"');
	expect(dark).toContain('fill="#0d1117"');
	for (const name of peers.columns) expect(light).toContain(`>${name}</text>`);
	// The end of each line: the last cell that has a number.
	for (const value of ['1033', '40', '350', '450']) expect(light).toContain(`>${value}</text>`);
	expect(pictureOf(peers)).toEqual(picture);
});

it('draws one bar for each way of a kind', () => {
	const svg = pictureOf(status)?.files['bench-status.svg'];
	for (const text of ['correct', 'none', 'this node', 'fixed interval', '25.5', '6', '25.4']) {
		expect(svg).toContain(`>${text}</text>`);
	}
});

it('a table without a plot has no picture', () => {
	expect(pictureOf({ ...peers, title: 'Another table' })).toBeUndefined();
});

it('says which column a table lacks', () => {
	expect(() => pictureOf({ ...peers, columns: ['items'] })).toThrow(
		`The table "${peers.title}" has no column "this node"`,
	);
});

/** Pictures of tables. They are drawn from the printed cells, so that they always agree with the page. */
import { init, type EChartsCoreOption } from 'echarts';

import type { Figures } from './measurement';

interface Plot {
	/** The title of the table. */
	table: string;
	/** The file name without its ending. */
	name: string;
	/** Lines over a number, or horizontal bars, which have room for long labels. */
	kind: 'line' | 'bar';
	/** The columns whose cells are a row's place on the axis, or its label. */
	of: string[];
	/** The columns that are drawn, or one column that is drawn for each value of the column `by`. */
	series: string[] | { column: string; by: string };
	/** What is drawn, with its unit. */
	value: string;
	/** Whether the axes of lines are logarithmic. */
	isLogarithmic?: boolean;
}

const PLOTS: Plot[] = [
	{
		table: 'CPU time per job',
		name: 'bench-cpu',
		kind: 'bar',
		of: [''],
		series: ['CPU per job'],
		value: 'CPU time per job in milliseconds',
	},
	{
		table: 'Generate with many items',
		name: 'bench-items',
		kind: 'line',
		of: ['items'],
		series: ['time'],
		value: 'seconds',
		isLogarithmic: true,
	},
	{
		table: 'Status requests and delay',
		name: 'bench-status',
		kind: 'bar',
		of: ['estimates'],
		series: { column: 'requests per job', by: '' },
		value: 'status requests per job',
	},
	{
		table: 'Wall time of jobs of about 30 seconds',
		name: 'bench-wall',
		kind: 'bar',
		of: ['', 'items'],
		series: ['wall time'],
		value: 'wall time in seconds, by approach and number of items',
	},
	{
		table: 'Trigger latency',
		name: 'bench-trigger-latency',
		kind: 'bar',
		of: ['status answers'],
		series: ['median', 'worst'],
		value: 'seconds from the completion until the execution starts',
	},
	{
		table: 'A round of the Veo Trigger with many rows',
		name: 'bench-trigger-rows',
		kind: 'bar',
		of: ['rows of the job table'],
		series: ['requests to n8n, first round', 'requests to n8n, later rounds'],
		value: 'requests to n8n in one round',
	},
	{
		table: "Wall time beside n8n's own video nodes",
		name: 'bench-peers',
		kind: 'line',
		of: ['items'],
		series: ['this node', 'OpenAI (Sora)', 'Google Gemini (Veo)', 'MiniMax'],
		value: 'wall time in seconds',
	},
];

/** The colours of GitHub's page, and a series palette that colour-blind readers can tell apart. */
const LIGHT = {
	background: '#ffffff',
	text: '#1f2328',
	line: '#d1d9e0',
	series: ['#0072b2', '#d55e00', '#009e73', '#cc79a7'],
};
const DARK: typeof LIGHT = {
	background: '#0d1117',
	text: '#e6edf3',
	line: '#3d444d',
	series: ['#56b4e9', '#e69f00', '#2bbf94', '#e39bc5'],
};

/** A table as a picture, in both colour schemes. */
export interface Picture {
	name: string;
	alt: string;
	/** SVG by file name. */
	files: Record<string, string>;
}

/** The picture of a table, if it has one. Throws if a column is missing. */
export function pictureOf(figures: Figures): Picture | undefined {
	const plot = PLOTS.find(({ table }) => table === figures.title);
	if (!plot) return undefined;
	const { name, value } = plot;
	const files = {
		[`${name}.svg`]: draw(plot, figures, LIGHT),
		[`${name}-dark.svg`]: draw(plot, figures, DARK),
	};
	return { name, alt: `${figures.title}: ${value}`, files };
}

/** HTML that shows the picture in the reader's colour scheme. */
export function markdownOfPicture({ name, alt }: Picture): string {
	return `<picture>
  <source media="(prefers-color-scheme: dark)" srcset="images/${name}-dark.svg">
  <img alt="${alt}" src="images/${name}.svg">
</picture>
`;
}

/** Hover effects do nothing in an image. Their class names, and the IDs, would differ in each run. */
const withoutHover = (svg: string) =>
	svg
		.replace(/<style[^]*?<\/style>\s*/, '')
		.replaceAll(/ class="[^"]*"/g, '')
		.replaceAll(/\bzr\d+-/g, '');

interface Series {
	name: string;
	/** One for each label. Null where the table has no number. */
	values: Array<number | null>;
}

const WIDTH = 800;
const LINE_HEIGHT = 400;
const BAR_PX = 18;
/** ECharts cannot measure text without a browser, and estimates too little for some fonts. */
const CHARACTER_PX = 7.5;
const OWN = 'this node';

function draw(plot: Plot, figures: Figures, colors: typeof LIGHT): string {
	const { labels, series } = dataOf(plot, figures);
	// This node has the same colour in all pictures.
	series.sort((a, b) => Number(b.name === OWN) - Number(a.name === OWN));
	const isBar = plot.kind === 'bar';
	const labelLength = isBar ? Math.max(...labels.map(({ length }) => length)) : 4;
	const height = isBar ? 140 + labels.length * (series.length * BAR_PX + 14) : LINE_HEIGHT;
	const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
	try {
		chart.setOption({
			animation: false,
			backgroundColor: colors.background,
			color: colors.series,
			textStyle: { color: colors.text, fontFamily: 'system-ui, sans-serif' },
			title: {
				text: figures.title,
				subtext: plot.value,
				textStyle: { color: colors.text, fontSize: 16 },
				subtextStyle: { color: colors.text },
			},
			legend: {
				show: series.length > 1,
				bottom: 0,
				itemGap: 40,
				textStyle: { color: colors.text },
			},
			grid: {
				top: 64,
				left: 20 + labelLength * CHARACTER_PX,
				right: 56,
				bottom: (isBar ? 28 : 48) + (series.length > 1 ? 28 : 0),
			},
			...(isBar ? bars(labels, series, colors) : lines(plot, labels, series, colors)),
		} satisfies EChartsCoreOption);
		return `${withoutHover(chart.renderToSVGString())}\n`;
	} finally {
		chart.dispose();
	}
}

function bars(labels: string[], series: Series[], colors: typeof LIGHT): EChartsCoreOption {
	const label = { show: true, position: 'right', color: colors.text };
	return {
		xAxis: { type: 'value', ...axis(colors) },
		// ECharts starts at the bottom.
		yAxis: { type: 'category', inverse: true, data: labels, ...axis(colors), splitLine: {} },
		series: series.map(({ name, values }) => ({
			type: 'bar',
			silent: true,
			name,
			data: values,
			label,
			barWidth: BAR_PX,
			barGap: 0,
		})),
	};
}

function lines(
	{ of, isLogarithmic = false }: Plot,
	labels: string[],
	series: Series[],
	colors: typeof LIGHT,
): EChartsCoreOption {
	const type = isLogarithmic ? 'log' : 'value';
	const places = labels.map(numberIn);
	const symbols = ['circle', 'rect', 'triangle', 'diamond'];
	return {
		xAxis: { type, name: of.join(', '), nameLocation: 'middle', nameGap: 28, ...axis(colors) },
		yAxis: { type, ...axis(colors) },
		series: series.map(({ name, values }, index) => {
			const last = values.findLastIndex((value) => value !== null);
			return {
				type: 'line',
				silent: true,
				name,
				data: values.map((value, at) => ({
					value: [places[at], value],
					label: { show: at === last, position: 'right', color: colors.text },
				})),
				labelLayout: { moveOverlap: 'shiftY' },
				symbol: symbols[index],
				symbolSize: 9,
			};
		}),
	};
}

const axis = ({ text, line }: typeof LIGHT) => ({
	axisLabel: { color: text },
	nameTextStyle: { color: text },
	axisLine: { lineStyle: { color: line } },
	splitLine: { lineStyle: { color: line } },
});

function dataOf(plot: Plot, { title, columns, rows }: Figures) {
	const cells = (column: string): string[] => {
		const index = columns.indexOf(column);
		if (index === -1) throw new Error(`The table "${title}" has no column "${column}"`);
		return rows.map((row) => row[index] ?? '');
	};
	const places = plot.of.map(cells);
	const all = rows.map((_, row) => places.map((column) => column[row]).join(', '));
	const { series } = plot;
	if (Array.isArray(series)) {
		const values = series.map((name) => ({ name, values: cells(name).map(numberIn) }));
		return { labels: all, series: values };
	}
	const labels = [...new Set(all)];
	const names = cells(series.by);
	const values = cells(series.column);
	return {
		labels,
		series: [...new Set(names)].map((name) => ({
			name,
			values: labels.map((label) => {
				const row = all.findIndex((other, at) => other === label && names[at] === name);
				return numberIn(values[row] ?? '');
			}),
		})),
	};
}

/** The number that a cell starts with, such as `1,234.5 s`. */
function numberIn(cell: string): number | null {
	const value = Number.parseFloat(cell.replaceAll(',', ''));
	return Number.isNaN(value) ? null : value;
}

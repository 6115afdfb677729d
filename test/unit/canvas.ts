import { arrayOr, objectOr, requiredString, type JsonObject } from '../../harness/json';

/** Where nodes and notes stand on n8n's canvas, in its pixels. */
interface Box {
	left: number;
	top: number;
	right: number;
	bottom: number;
}

/** A node with its name below it, as n8n 2.41 draws it: the name may be twice as wide as the node. */
export function nodeBox(node: JsonObject): Box {
	const isAgent = node.type === '@n8n/n8n-nodes-langchain.agent';
	return isAgent ? box(node, 0, 256, 96) : box(node, -48, 192, 160);
}

export function noteBox(note: JsonObject): Box {
	const { width, height } = objectOr(note.parameters);
	return box(note, 0, Number(width), Number(height));
}

/** The part of a note that its text takes, counted a little more generously than n8n 2.41 sets it. */
export function textBox(note: JsonObject): Box {
	const whole = noteBox(note);
	const width = whole.right - whole.left - 32;
	const heights = requiredString(note.parameters, 'content')
		.split('\n')
		.map((line) => {
			if (line === '') return 4;
			const { characterWidth, lineHeight, space } = sizesOf(/^#*/.exec(line)?.[0].length);
			const length = line.replace(/[*`#]/g, '').trim().length;
			return Math.ceil((length * characterWidth) / width) * lineHeight + space;
		});
	const height = heights.reduce((sum, one) => sum + one, 16);
	return { ...whole, bottom: whole.top + height };
}

function sizesOf(heading = 0) {
	if (heading === 2) return { characterWidth: 12, lineHeight: 32, space: 8 };
	if (heading === 3) return { characterWidth: 9, lineHeight: 20, space: 8 };
	return { characterWidth: 7, lineHeight: 19, space: 4 };
}

function box({ position }: JsonObject, shift: number, width: number, height: number): Box {
	const [left, top] = arrayOr(position).map(Number);
	if (left === undefined || top === undefined) throw new Error('A node has no position');
	return { left: left + shift, top, right: left + shift + width, bottom: top + height };
}

export function overlap(one: Box, other: Box): boolean {
	return (
		one.left < other.right &&
		other.left < one.right &&
		one.top < other.bottom &&
		other.top < one.bottom
	);
}

export function isInside(inner: Box, outer: Box): boolean {
	return (
		inner.left >= outer.left &&
		inner.right <= outer.right &&
		inner.top >= outer.top &&
		inner.bottom <= outer.bottom
	);
}

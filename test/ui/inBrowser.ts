/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** What is handed to the browser, to run there: none of it may use anything from outside itself. */

export const isLoaded = (image: HTMLImageElement) => image.complete && image.naturalWidth > 0;

export const playing = (video: HTMLVideoElement) => ({
	second: video.currentTime,
	width: video.videoWidth,
	height: video.videoHeight,
	failed: video.error !== null,
});

/** The texts in the page that begin where they can be seen, and that a box around them cuts off. */
export function cutOffTexts(): string[] {
	const isSeen = (element: Element, { left, top }: DOMRect) => {
		const onTop = document.elementFromPoint(left + 2, top + 4);
		return onTop !== null && element.contains(onTop);
	};

	const isCutOff = (element: Element, words: DOMRect): boolean => {
		for (let box: Element | null = element; box !== null; box = box.parentElement) {
			const { overflowX, overflowY } = getComputedStyle(box);
			// What can be scrolled to is not cut off.
			if (/auto|scroll/.test(overflowX + overflowY)) return false;
			const edge = box.getBoundingClientRect();
			const across = words.left < edge.left - 1 || words.right > edge.right + 1;
			const down = words.top < edge.top - 1 || words.bottom > edge.bottom + 1;
			if ((across && overflowX !== 'visible') || (down && overflowY !== 'visible')) return true;
		}
		return false;
	};

	const found: string[] = [];
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let text = texts.nextNode(); text !== null; text = texts.nextNode()) {
		const words = text.textContent?.trim() ?? '';
		const element = text.parentElement;
		if (words === '' || element === null) continue;
		// n8n's own title, whose box lies two pixels lower than its words.
		if (element.closest('[data-test-id=inline-edit-preview]') !== null) continue;
		const range = document.createRange();
		range.selectNodeContents(text);
		const at = range.getBoundingClientRect();
		if (isSeen(element, at) && isCutOff(element, at)) found.push(words);
	}
	for (const field of document.querySelectorAll('input, textarea')) {
		const isSeenField = isSeen(field, field.getBoundingClientRect());
		if (isSeenField && field.scrollWidth > field.clientWidth + 1) found.push(field.outerHTML);
	}
	return found;
}

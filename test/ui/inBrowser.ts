/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** Functions that run in the browser. They must not use anything outside themselves. */

export const isLoaded = (image: HTMLImageElement) => image.complete && image.naturalWidth > 0;

export const playbackState = (video: HTMLVideoElement) => ({
	second: video.currentTime,
	width: video.videoWidth,
	height: video.videoHeight,
	failed: video.error !== null,
});

/** The visible texts that an element around them clips. */
export function clippedTexts(): string[] {
	const isVisible = (element: Element, { left, top }: DOMRect) => {
		const onTop = document.elementFromPoint(left + 2, top + 4);
		return onTop !== null && element.contains(onTop);
	};

	const isClipped = (element: Element, text: DOMRect): boolean => {
		for (let box: Element | null = element; box !== null; box = box.parentElement) {
			const { overflowX, overflowY } = getComputedStyle(box);
			// Scrollable content is not clipped.
			if (/auto|scroll/.test(overflowX + overflowY)) return false;
			const edge = box.getBoundingClientRect();
			const across = text.left < edge.left - 1 || text.right > edge.right + 1;
			const down = text.top < edge.top - 1 || text.bottom > edge.bottom + 1;
			if ((across && overflowX !== 'visible') || (down && overflowY !== 'visible')) return true;
		}
		return false;
	};

	const found: string[] = [];
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let text = texts.nextNode(); text !== null; text = texts.nextNode()) {
		const content = text.textContent?.trim() ?? '';
		const element = text.parentElement;
		if (content === '' || element === null) continue;
		// n8n's title: its element is two pixels lower than its text.
		if (element.closest('[data-test-id=inline-edit-preview]') !== null) continue;
		const range = document.createRange();
		range.selectNodeContents(text);
		const at = range.getBoundingClientRect();
		if (isVisible(element, at) && isClipped(element, at)) found.push(content);
	}
	for (const field of document.querySelectorAll('input, textarea')) {
		// n8n's selector of a resource locator's mode is narrower than its own text.
		if (field.closest('[data-test-id=rlc-mode-selector]') !== null) continue;
		const isVisibleField = isVisible(field, field.getBoundingClientRect());
		if (isVisibleField && field.scrollWidth > field.clientWidth + 1) found.push(field.outerHTML);
	}
	return found;
}

/** Pastes a text onto the page. */
export function pasteText(text: string): void {
	const clipboardData = new DataTransfer();
	clipboardData.setData('text/plain', text);
	document.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
}

/** Shows a picture from within each video, without the sign that it is loading. */
export async function showMoment(): Promise<void> {
	for (const video of document.querySelectorAll('video')) {
		video.muted = true;
		await video.play();
		video.pause();
		const sought = new Promise((resolve) => video.addEventListener('seeked', resolve));
		video.currentTime = 1.2;
		await sought;
	}
}

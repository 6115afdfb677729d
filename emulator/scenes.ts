import { createHash } from 'node:crypto';

/** The names of the scenes in assets/scenes. Each is a word of the prompts that it suits. */
export const scenes = ['boat', 'lighthouse', 'train', 'fox', 'balloon'] as const;
export type Scene = (typeof scenes)[number];

/** The scene that the prompt names, otherwise one by the prompt's hash. */
export function sceneFor(prompt: string): Scene {
	const named = scenes.find((scene) => prompt.toLowerCase().includes(scene));
	if (named !== undefined) return named;
	const [byte = 0] = createHash('sha256').update(prompt).digest();
	return scenes[byte % scenes.length] ?? 'boat';
}

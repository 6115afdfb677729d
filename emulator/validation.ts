import type { FastifySchemaValidationError } from 'fastify/types/schema';

/** The parameter table of `POST /generate-video`. Parameters that it does not name are let through. */
export const generateBody = {
	type: 'object',
	required: ['generationType', 'prompt'],
	properties: {
		generationType: { type: 'string', enum: ['text_to_video', 'image_to_video'] },
		prompt: { type: 'string', pattern: '\\S' },
		aspectRatio: { type: 'string', enum: ['auto', '16:9', '9:16'] },
		imageUrl: { type: 'string' },
		imageKey: { type: 'string' },
	},
	if: { required: ['generationType'], properties: { generationType: { const: 'image_to_video' } } },
	then: {
		required: ['imageUrl'],
		properties: { imageUrl: { type: 'string', pattern: '^https?://' } },
	},
};

const wanted: Record<string, string> = {
	generationType: 'must be text_to_video or image_to_video',
	prompt: 'must be a text that is not blank',
	aspectRatio: 'must be auto, 16:9 or 9:16',
	imageUrl: 'must be an http(s) URL (required for image_to_video)',
	imageKey: 'must be a string',
};

/** The first thing that is wrong, with the parameter's name. */
export function inWords([first]: FastifySchemaValidationError[]): Error {
	const missing = first?.params.missingProperty;
	const name = typeof missing === 'string' ? missing : first?.instancePath.slice(1);
	return new Error(
		name ? `${name} ${wanted[name] ?? 'is invalid'}` : 'The body must be a JSON object',
	);
}

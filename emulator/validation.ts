import type { FastifySchemaValidationError } from 'fastify/types/schema';

/** The documented parameters of `POST /generate-video`. Other parameters are accepted and ignored. */
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

const expectations: Record<string, string> = {
	generationType: 'must be text_to_video or image_to_video',
	prompt: 'must be a non-blank string',
	aspectRatio: 'must be auto, 16:9 or 9:16',
	imageUrl: 'must be an http(s) URL (required for image_to_video)',
	imageKey: 'must be a string',
};

/** Describes the first invalid parameter by name. */
export function describeError([first]: FastifySchemaValidationError[]): Error {
	const missing = first?.params.missingProperty;
	const name = typeof missing === 'string' ? missing : first?.instancePath.slice(1);
	return new Error(
		name ? `${name} ${expectations[name] ?? 'is invalid'}` : 'The body must be a JSON object',
	);
}

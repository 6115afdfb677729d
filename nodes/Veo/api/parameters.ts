/**
 * The parameter table of `POST /generate-video` (API reference, "Generate a video") as data. The form, the requests and
 * the checks are built from it.
 */
export const GENERATION_TYPES = ['text_to_video', 'image_to_video'] as const;
export const ASPECT_RATIOS = ['auto', '16:9', '9:16'] as const;

export type GenerationType = (typeof GENERATION_TYPES)[number];
export type AspectRatio = (typeof ASPECT_RATIOS)[number];

export interface Parameter {
	required: 'yes' | 'no' | { when: { generationType: GenerationType } };
	values?: readonly string[];
	default?: string;
}

export const GENERATE_PARAMETERS = {
	generationType: { required: 'yes', values: GENERATION_TYPES, default: 'text_to_video' },
	prompt: { required: 'yes' },
	aspectRatio: { required: 'no', values: ASPECT_RATIOS, default: 'auto' },
	imageUrl: { required: { when: { generationType: 'image_to_video' } } },
	imageKey: { required: 'no' },
} as const satisfies Record<string, Parameter>;

/** The body of `POST /generate-video`. Only a checked request has this type: see `validation.ts`. */
export interface GenerateRequest {
	generationType: GenerationType;
	prompt: string;
	aspectRatio: AspectRatio;
	imageUrl?: string;
	imageKey?: string;
}

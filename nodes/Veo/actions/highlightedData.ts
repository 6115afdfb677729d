import type { IExecuteFunctions } from 'n8n-workflow';

/** n8n cuts longer values, and keeps ten keys per execution. The user's workflow may need the other five. */
const MAX_VALUE_LENGTH = 255;
const KEYS = ['veo_uuid', 'veo_uuid_2', 'veo_uuid_3', 'veo_uuid_4', 'veo_uuid_5'];

interface CustomData {
	set(key: string, value: string): void;
	get(key: string): string | undefined;
}

/** Adds `uuid`s to the execution's highlighted data, by which n8n's executions list can be filtered. */
export function addUuids(context: IExecuteFunctions, uuids: string[]): void {
	// Only newer versions of n8n have it on the context; the data proxy has it in all versions.
	const { customData } = context.getWorkflowDataProxy(0).$execution as { customData?: CustomData };
	for (const uuid of customData ? uuids : []) {
		const values = KEYS.map((key) => customData?.get(key));
		if (values.some((value) => value?.split(',').includes(uuid))) continue;
		const free = values.findIndex(
			(value) => !value || value.length + 1 + uuid.length <= MAX_VALUE_LENGTH,
		);
		const key = KEYS[free];
		const value = values[free];
		if (key) customData?.set(key, value ? `${value},${uuid}` : uuid);
	}
}

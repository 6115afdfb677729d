import type { IExecuteFunctions } from 'n8n-workflow';

/** n8n cuts off a longer value, and keeps ten keys per execution, of which the user's workflow may want some. */
const LONGEST_VALUE = 255;
const KEYS = ['veo_uuid', 'veo_uuid_2', 'veo_uuid_3', 'veo_uuid_4', 'veo_uuid_5'];

interface ExecutionCustomData {
	set(key: string, value: string): void;
	get(key: string): string | undefined;
}

/** Notes `uuid`s in the execution's custom data, by which n8n's executions list can be filtered. */
export function noteUuids(context: IExecuteFunctions, uuids: string[]): void {
	// The context itself has it only in newer versions of n8n; the data proxy has it in all.
	const { customData } = context.getWorkflowDataProxy(0).$execution as {
		customData?: ExecutionCustomData;
	};
	for (const uuid of customData ? uuids : []) {
		const values = KEYS.map((key) => customData?.get(key));
		if (values.some((value) => value?.split(',').includes(uuid))) continue;
		const free = values.findIndex(
			(value) => !value || value.length + 1 + uuid.length <= LONGEST_VALUE,
		);
		const key = KEYS[free];
		const value = values[free];
		if (key) customData?.set(key, value ? `${value},${uuid}` : uuid);
	}
}

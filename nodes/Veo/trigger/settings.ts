import type { IDataObject } from 'n8n-workflow';
import { isUuid } from '../api/validation';
import { triggerOptionsField } from '../descriptions/trigger';
import { noUuids } from '../errors/messages';
import type { TableRef } from '../jobTable/dataTable';
import { checkTableRef } from '../jobTable/jobTable';
import { isOn, readNumber } from '../shared/options';
import type { TriggerContext } from './context';

const HOUR_MS = 60 * 60_000;

export interface FileSettings {
	/** The item's output field for the file. */
	field: string;
	/** The `uuid` if it is blank. */
	fileName: unknown;
}

/** The trigger's form. It is read once: after `trigger()` has returned, n8n resolves no expressions any more. */
export interface TriggerSettings {
	watch: { tableRef: TableRef } | { uuids: string[] };
	events: string[];
	/** Set if the user wants the video file. */
	file?: FileSettings;
	intervalMs: number;
	giveUpAfterMs: number;
	/** Infinity: rows are never deleted. */
	deleteAfterMs: number;
}

/** Throws `VeoError`. */
export function readSettings(context: TriggerContext): TriggerSettings {
	const raw = context.getNodeParameter('options', {}) as IDataObject;
	const number = (name: string) => readNumber(triggerOptionsField, raw, name);
	const watchesUuids = context.getNodeParameter('watch') === 'uuids';
	return {
		watch: watchesUuids
			? { uuids: readUuids(context.getNodeParameter('uuids')) }
			: { tableRef: checkTableRef(context.getNodeParameter('jobTableName', 'veo_jobs')) },
		events: context.getNodeParameter('events', ['completed']) as string[],
		file: isOn(context.getNodeParameter('downloadVideo', false))
			? {
					field: context.getNodeParameter('binaryOutputField', 'data') as string,
					fileName: raw.fileName,
				}
			: undefined,
		intervalMs: number('pollInterval') * 1000,
		giveUpAfterMs: number('giveUpAfter') * HOUR_MS,
		deleteAfterMs: number('deleteAfter') * 24 * HOUR_MS || Infinity,
	};
}

/** One or many, separated by commas, spaces or new lines; an expression may return an array. Throws `VeoError`. */
export function readUuids(value: unknown): string[] {
	const parts = (Array.isArray(value) ? value : [value]).flatMap((part) =>
		typeof part === 'string' || typeof part === 'number' ? String(part).split(/[\s,]+/) : [],
	);
	const uuids = [...new Set(parts.filter(isUuid))];
	if (uuids.length === 0) throw noUuids();
	return uuids;
}

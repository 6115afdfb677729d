import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';
import { tableFailed } from '../errors/messages';
import { toNodeError } from '../errors/nodeErrors';
import { RequestError } from '../errors/outcome';
import { openTransport } from '../http/request';
import { listTables } from '../jobTable/dataTable';

const TIMEOUT_MS = 15_000;

/** The Data Tables that the credential's key sees, for the form. */
export async function searchJobTables(
	this: ILoadOptionsFunctions,
	filter?: string,
): Promise<INodeListSearchResult> {
	try {
		const transport = await openTransport(this, 'veoJobTableApi', TIMEOUT_MS);
		const tables = await listTables(transport, filter ? { name: filter } : {});
		const isAmbiguous = (name: string) => tables.filter((table) => table.name === name).length > 1;
		return {
			results: tables.map(({ id, name, projectId }) => ({
				// Tables of several projects may have the same name.
				name: isAmbiguous(name) ? `${name} (project ${projectId ?? id})` : name,
				value: id,
			})),
		};
	} catch (thrown) {
		const error =
			thrown instanceof RequestError ? tableFailed(filter ?? 'veo_jobs', thrown.outcome) : thrown;
		throw toNodeError(this.getNode(), error, { messageOnly: true });
	}
}

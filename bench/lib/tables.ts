import { Tables } from '../../harness/jobTables';
import { withPackage } from './withPackage';

/** A real n8n with the packed package and Data Tables, for `act`. */
export async function withTables<T>(act: (tables: Tables) => Promise<T>): Promise<T> {
	return await withPackage(async () => {
		const tables = await Tables.start();
		try {
			return await act(tables);
		} finally {
			await tables.harness.close();
		}
	});
}

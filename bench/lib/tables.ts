import { Tables } from '../../harness/jobTables';
import { withPackage } from './withPackage';

/** Runs `act` with a real n8n that has the packed package and Data Tables. */
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

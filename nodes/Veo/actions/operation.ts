import type { INodeExecutionData } from 'n8n-workflow';
import type { Session } from './session';

/** What an operation does with all input items. Throws the two n8n node errors, nothing else. */
export type OperationRun = (session: Session) => Promise<INodeExecutionData[]>;

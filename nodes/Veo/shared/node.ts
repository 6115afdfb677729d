import type { INode } from 'n8n-workflow';

/** n8n derives a second node type from this one, for AI agents. */
export const isAgentTool = ({ type }: INode) => type.endsWith('Tool');

/** Helpers to read the fields, options and choices of a node's form. */
import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

export const OPERATIONS = ['generateAndWait', 'generate', 'getStatus', 'uploadImage'];

const isChoice = (option: object): option is INodePropertyOptions => 'value' in option;
const isField = (option: object): option is INodeProperties =>
	'displayName' in option && 'type' in option;

/** The choices of a list. */
export const choicesOf = ({ options = [] }: INodeProperties) => options.filter(isChoice);

/** The fields of a collection. */
export const optionsOf = ({ options = [] }: INodeProperties) => options.filter(isField);

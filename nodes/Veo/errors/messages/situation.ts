/**
 * What an item that fails does to its execution, which decides how the user gets the other videos:
 * - `stops`: it ends the execution, which can be retried
 * - `continues`: it is passed on, and the execution continues
 * - `subWorkflow`: it ends an execution that another workflow started; a retry of that one knows nothing of this one
 */
export type Situation = 'stops' | 'continues' | 'subWorkflow';

/** How the other videos of the execution are returned at no further cost. With a space at the end. */
export const GET_THE_OTHERS: Record<Situation, string> = {
	stops:
		"To get the other videos without it and at no further cost, set 'On Error' in the node's settings to 'Continue', save, and use 'Retry with currently saved workflow' in the executions list. ",
	continues: '',
	subWorkflow:
		"To get the other videos without it, set 'On Error' in the node's settings to 'Continue'. ",
};

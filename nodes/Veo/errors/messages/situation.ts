/**
 * What an item that fails does to its execution, which decides how the user gets the other videos:
 * - `stops`: it ends the execution, which can be retried
 * - `continues`: it is passed on, and the execution continues
 * - `subWorkflow`: it ends an execution that another workflow started; a retry of the calling execution does not reuse it
 * - `tool`: an agent gets its message. The execution succeeds, so that n8n offers no retry of it
 */
export type Situation = 'stops' | 'continues' | 'subWorkflow' | 'tool';

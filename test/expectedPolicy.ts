/**
 * What each outcome of a request leads to, written independently of `nodes/Veo/api/policy.ts`. `submit` is the paid
 * request, `wait` a status check while waiting, `free` any other request: `again` means that another try is made, `final`
 * that it was surely not accepted, `unclear` that it may have been accepted. `scope` is what the trigger concludes from a
 * failed check.
 */
import { OUTCOMES, type OutcomeName } from '../nodes/Veo/errors/outcome';

const TABLE = `
                 submit   wait    free    scope
refused          again    again   again   api
dns              again    again   again   api
unreachable      again    again   again   api
connectTimeout   again    again   again   api
tls              final    again   final   api
timeout          unclear  again   again   moment
reset            unclear  again   again   moment
tooLarge         unclear  again   final   item
redirect         final    again   final   item
seeOther         unclear  again   final   item
http401          final    final   final   api
http403          final    final   final   api
http4xxUnclear   unclear  again   again   moment
http429          again    again   again   api
http4xx          final    again   final   item
http5xx          unclear  again   again   moment
code1000         final    again   final   item
code1001         final    again   final   item
code1002         final    final   final   api
code1003         again    again   again   api
code5000         unclear  again   again   moment
codeOther        unclear  again   final   item
html             unclear  again   again   moment
empty            unclear  again   again   item
notJson          unclear  again   again   item
shape            unclear  again   again   item
`;

export interface Expected {
	submit: string;
	wait: string;
	free: string;
	scope: string;
}

const rows = new Map(
	TABLE.trim()
		.split('\n')
		.slice(1)
		.map((line): [string, Expected] => {
			const [name = '', submit = '', wait = '', free = '', scope = ''] = line.split(/\s+/);
			return [name, { submit, wait, free, scope }];
		}),
);

export function expectedOf(name: OutcomeName): Expected {
	const row = rows.get(name);
	if (!row) throw new Error(`The expected policy has no row for ${name}`);
	return row;
}

if (rows.size !== OUTCOMES.length) throw new Error('The expected policy has rows of no outcome');

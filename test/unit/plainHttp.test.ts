import { NodeHelpers } from 'n8n-workflow';
import { plainHttpNotice } from '../../credentials/authorize';
import { CREDENTIALS } from './everyMessage';

const isShown = (baseUrl: string) =>
	NodeHelpers.displayParameter({ baseUrl }, plainHttpNotice, null, null);

describe('The notice about plain http', () => {
	it.each([
		'http://veo3o1.com/api',
		'http://203.0.113.7:8080/api',
		'http://172.32.0.1/api',
		'http://user:password@n8n.example.com/api/v1',
		'http://localhost.example.com',
		// Names of a private network look like others to n8n's conditions.
		'http://n8n:5678/api/v1',
	])('is shown for %s', (baseUrl) => {
		expect(isShown(baseUrl)).toBe(true);
	});

	it.each([
		'https://veo3o1.com/api',
		'http://localhost:5678/api/v1',
		'http://127.0.0.1:3000/api',
		'http://[::1]:3000/api',
		'http://10.1.2.3/api',
		'http://192.168.1.5/api',
		'http://172.16.0.1/api',
		'http://localhost/api',
		'http://172.31.0.1/api',
		'',
	])('is not shown for %j', (baseUrl) => {
		expect(isShown(baseUrl)).toBe(false);
	});

	it('is in both credentials', () => {
		for (const { properties } of CREDENTIALS) expect(properties).toContain(plainHttpNotice);
	});

	// n8n evaluates the condition before each use of the credential, and stops a regular expression after 250 ms.
	it('is no regular expression', () => {
		expect(JSON.stringify(CREDENTIALS.map(({ properties }) => properties))).not.toContain('regex');
	});
});

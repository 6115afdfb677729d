import { NodeHelpers } from 'n8n-workflow';
import { plainHttpNotice } from '../../credentials/authorize';
import { CREDENTIALS } from './everyMessage';

const isShown = (baseUrl: string) =>
	NodeHelpers.displayParameter({ baseUrl }, plainHttpNotice, null, null);

describe('The notice about plain http', () => {
	it.each([
		'http://veo3o1.com/api',
		' http://veo3o1.com',
		'http://203.0.113.7:8080/api',
		'http://172.32.0.1/api',
		'http://user:password@n8n.example.com/api/v1',
		'http://10.example.com/api',
		'http://localhost.example.com',
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
		'http://emulator:3000/api',
		'http://user:password@n8n:5678/api/v1',
		'http://n8n.internal/api/v1',
		'',
	])('is not shown for %j', (baseUrl) => {
		expect(isShown(baseUrl)).toBe(false);
	});

	it('is in both credentials', () => {
		for (const { properties } of CREDENTIALS) expect(properties).toContain(plainHttpNotice);
	});
});

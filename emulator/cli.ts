import { readCliOptions } from './cli-options';
import { startEmulator, type RecordedRequest } from './index';

async function main(): Promise<void> {
	const options = readCliOptions(process.argv);
	const emulator = await startEmulator({ ...options, log: logRequest });
	console.log(`The Veo API emulator is running. In n8n, create a credential of the type "Veo API" with

  API Key   ${options.apiKeys?.[0]}
  Base URL  ${emulator.url}

Press Ctrl-C to stop it.
`);
	for (const signal of ['SIGINT', 'SIGTERM'] as const) {
		process.on(signal, () => void emulator.close());
	}
}

function logRequest(request: RecordedRequest): void {
	const { receivedAt, method, path, answered, uuid, kind, fault } = request;
	const time = new Date(receivedAt).toTimeString().slice(0, 8);
	const created = kind === 'generate' && uuid !== undefined ? `  uuid ${uuid}` : '';
	const applied = fault ? `  fault ${fault.do.type}` : '';
	console.log(`${time}  ${answered}  ${method} ${path}${created}${applied}`);
}

main().catch((error: unknown) => {
	const isPortInUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
	const message = error instanceof Error ? error.message : String(error);
	console.error(
		isPortInUse
			? 'The port is already in use. Stop the program that uses it, or choose another with --port.'
			: message,
	);
	process.exitCode = 1;
});

/* Loaded into n8n before it starts. The process that started n8n holds the other end of this pipe. When that process
   ends, for whatever reason, n8n and its process group end too. */
import { Socket } from 'node:net';

const pipe = new Socket({ fd: 3, readable: true, writable: false });
pipe.on('error', end).on('close', end).resume().unref();

function end() {
	process.kill(process.platform === 'win32' ? process.pid : -process.pid, 'SIGKILL');
}

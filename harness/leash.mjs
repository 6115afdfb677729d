/* Loaded into n8n before it starts. Its parent holds the other end of this pipe open: when the parent is gone, however
   it ended, n8n and the helpers in its process group end too. */
import { Socket } from 'node:net';

const pipe = new Socket({ fd: 3, readable: true, writable: false });
pipe.on('error', end).on('close', end).resume().unref();

function end() {
	process.kill(process.platform === 'win32' ? process.pid : -process.pid, 'SIGKILL');
}

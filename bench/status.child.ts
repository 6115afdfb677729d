import { startN8n } from '../harness/core';
import { serve, type Work } from './lib/child';
import { execute, PROMPT } from './lib/inN8n';
import { watchRoundTrips } from './lib/roundTrips';

watchRoundTrips('/video-status/');
void startN8n().then((n8n) => {
	const wait: Work = (task) => {
		const options = { maxConcurrentJobs: task.count, maxVideos: 0 };
		const parameters = {
			operation: 'generateAndWait',
			prompt: PROMPT,
			downloadVideo: false,
			options,
		};
		return async () => await execute(task, parameters);
	};
	serve({ wait }, () => n8n.close());
});

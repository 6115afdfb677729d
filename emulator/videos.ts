import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
	ALL_FORMATS,
	BufferSource,
	BufferTarget,
	EncodedPacketSink,
	EncodedVideoPacketSource,
	Input,
	Mp4OutputFormat,
	Output,
	type EncodedPacket,
} from 'mediabunny';
import { diskFile, type ServedFile } from './files';
import type { Job } from './jobs';

/** Finished videos. Each is written to disk on the first request, so that all ranges come from the same file. */
export class Videos {
	private readonly byUuid = new Map<string, Promise<ServedFile>>();

	constructor(private readonly folder: string) {}

	of(job: Job): Promise<ServedFile> {
		let video = this.byUuid.get(job.uuid);
		if (!video) {
			video = this.make(job);
			this.byUuid.set(job.uuid, video);
		}
		return video;
	}

	private async make(job: Job): Promise<ServedFile> {
		const content = await encodeDigits(job.uuid.slice(0, 8), job);
		const path = join(this.folder, `${job.uuid}.mp4`);
		await writeFile(path, content);
		return diskFile('video/mp4', path, content.length);
	}
}

/** Joins one clip for each hex digit into an MP4. Packets are copied, not encoded again. */
async function encodeDigits(digits: string, job: Job): Promise<Uint8Array> {
	const clip = await clips[job.request.aspectRatio === '9:16' ? 'portrait' : 'landscape']();
	const target = new BufferTarget();
	const output = new Output({ format: new Mp4OutputFormat({ fastStart: 'in-memory' }), target });
	const source = new EncodedVideoPacketSource('avc');
	output.addVideoTrack(source);
	output.setMetadataTags({ title: job.request.prompt, comment: job.uuid });
	await output.start();
	let timestamp = 0;
	for (const digit of digits) {
		for (const packet of clip.digits[Number.parseInt(digit, 16)] ?? []) {
			await source.add(packet.clone({ timestamp }), { decoderConfig: clip.decoderConfig });
			timestamp += packet.duration;
		}
	}
	await output.finalize();
	if (!target.buffer) throw new Error('mediabunny wrote no video');
	return new Uint8Array(target.buffer);
}

const clips = { landscape: lazyClip('landscape.mp4'), portrait: lazyClip('portrait.mp4') };

function lazyClip(asset: string): () => Promise<Clip> {
	let clip: Promise<Clip> | undefined;
	return () => (clip ??= readClip(asset));
}

interface Clip {
	decoderConfig: VideoDecoderConfig;
	/** The packets of each hex digit, see assets/make-clips.sh. */
	digits: EncodedPacket[][];
}

async function readClip(asset: string): Promise<Clip> {
	const source = new BufferSource(await readFile(join(__dirname, 'assets', asset)));
	const input = new Input({ source, formats: ALL_FORMATS });
	const track = await input.getPrimaryVideoTrack();
	const decoderConfig = await track?.getDecoderConfig();
	if (!track || !decoderConfig) throw new Error(`${asset} has no video track`);
	const digits: EncodedPacket[][] = [];
	for await (const packet of new EncodedPacketSink(track).packets()) {
		if (packet.type === 'key') digits.push([]);
		digits.at(-1)?.push(packet);
	}
	return { decoderConfig, digits };
}

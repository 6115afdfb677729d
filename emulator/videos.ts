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

/** The finished videos, each made when it is first asked for and kept on disk, so that all its ranges fit together. */
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
		const content = await spell(job.uuid.slice(0, 8), job);
		const path = join(this.folder, `${job.uuid}.mp4`);
		await writeFile(path, content);
		return diskFile('video/mp4', path, content.length);
	}
}

/** Joins the clips of these hex digits to one MP4. The pictures are copied as they are: nothing is encoded. */
async function spell(digits: string, job: Job): Promise<Uint8Array> {
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
	if (!target.buffer) throw new Error('The video was not written');
	return new Uint8Array(target.buffer);
}

const clips = { landscape: once('landscape.mp4'), portrait: once('portrait.mp4') };

function once(asset: string): () => Promise<Clip> {
	let clip: Promise<Clip> | undefined;
	return () => (clip ??= readClip(asset));
}

interface Clip {
	decoderConfig: VideoDecoderConfig;
	/** The packets that show each hex digit: see assets/make-clips.sh. */
	digits: EncodedPacket[][];
}

async function readClip(asset: string): Promise<Clip> {
	const source = new BufferSource(await readFile(join(__dirname, 'assets', asset)));
	const input = new Input({ source, formats: ALL_FORMATS });
	const track = await input.getPrimaryVideoTrack();
	const decoderConfig = await track?.getDecoderConfig();
	if (!track || !decoderConfig) throw new Error(`${asset} holds no video`);
	const digits: EncodedPacket[][] = [];
	for await (const packet of new EncodedPacketSink(track).packets()) {
		if (packet.type === 'key') digits.push([]);
		digits.at(-1)?.push(packet);
	}
	return { decoderConfig, digits };
}

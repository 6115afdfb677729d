import { createHash } from 'node:crypto';
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
		const content = await encode(job);
		const path = join(this.folder, `${job.uuid}.mp4`);
		await writeFile(path, content);
		return diskFile('video/mp4', path, content.length);
	}
}

/** Writes a scene with the job's texts as an MP4. Packets are copied, not encoded again. */
async function encode({ request, uuid }: Job): Promise<Uint8Array> {
	const orientation = request.aspectRatio === '9:16' ? 'portrait' : 'landscape';
	const { decoderConfig, packets } = await clipOf(`${sceneOf(request.prompt)}-${orientation}.mp4`);
	const target = new BufferTarget();
	const output = new Output({ format: new Mp4OutputFormat({ fastStart: 'in-memory' }), target });
	const source = new EncodedVideoPacketSource('avc');
	output.addVideoTrack(source);
	output.setMetadataTags({ title: request.prompt, comment: uuid });
	await output.start();
	for (const packet of packets) await source.add(packet, { decoderConfig });
	await output.finalize();
	if (!target.buffer) throw new Error('mediabunny wrote no video');
	return new Uint8Array(target.buffer);
}

/** The scenes in assets/, see assets/render-clips.mjs. */
const SCENES = ['paperBoat', 'balloons', 'lighthouse', 'northernLights'];

/** The same scene for the same prompt. */
function sceneOf(prompt: string): string | undefined {
	return SCENES[createHash('sha256').update(prompt).digest().readUInt8(9) % SCENES.length];
}

const clips = new Map<string, Promise<Clip>>();

function clipOf(asset: string): Promise<Clip> {
	const clip = clips.get(asset) ?? readClip(asset);
	clips.set(asset, clip);
	return clip;
}

interface Clip {
	decoderConfig: VideoDecoderConfig;
	packets: EncodedPacket[];
}

async function readClip(asset: string): Promise<Clip> {
	const source = new BufferSource(await readFile(join(__dirname, 'assets', asset)));
	const input = new Input({ source, formats: ALL_FORMATS });
	const track = await input.getPrimaryVideoTrack();
	const decoderConfig = await track?.getDecoderConfig();
	if (!track || !decoderConfig) throw new Error(`${asset} has no video track`);
	const packets: EncodedPacket[] = [];
	for await (const packet of new EncodedPacketSink(track).packets()) packets.push(packet);
	return { decoderConfig, packets };
}

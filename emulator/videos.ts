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
import type { EmulatorOptions } from './options';
import { sceneFor } from './scenes';

/** Finished videos. Each is written to disk on the first request, so that all ranges come from the same file. */
export class Videos {
	private readonly byUuid = new Map<string, Promise<ServedFile>>();

	constructor(private readonly folder: string) {}

	of(job: Job, pictures: Pictures): Promise<ServedFile> {
		let video = this.byUuid.get(job.uuid);
		if (!video) {
			video = this.make(job, pictures);
			this.byUuid.set(job.uuid, video);
		}
		return video;
	}

	private async make(job: Job, pictures: Pictures): Promise<ServedFile> {
		const orientation = job.request.aspectRatio === '9:16' ? 'portrait' : 'landscape';
		const content = await encode(job, await clipOf(job, pictures, orientation));
		const path = join(this.folder, `${job.uuid}.mp4`);
		await writeFile(path, content);
		return diskFile('video/mp4', path, content.length);
	}
}

type Pictures = NonNullable<EmulatorOptions['pictures']>;

/** The packets to show: a whole scene, or one clip for each hex digit. */
async function clipOf(job: Job, pictures: Pictures, orientation: string): Promise<Clip> {
	if (pictures === 'scenes') {
		return await readClip(join('scenes', `${sceneFor(job.request.prompt)}-${orientation}.mp4`));
	}
	const { decoderConfig, groups } = await readClip(`${orientation}.mp4`);
	const digits = [...job.uuid.slice(0, 8)].map((digit) => groups[Number.parseInt(digit, 16)] ?? []);
	return { decoderConfig, groups: digits };
}

/** Writes the packets to an MP4. They are copied, not encoded again. */
async function encode(job: Job, { decoderConfig, groups }: Clip): Promise<Uint8Array> {
	const target = new BufferTarget();
	const output = new Output({ format: new Mp4OutputFormat({ fastStart: 'in-memory' }), target });
	const source = new EncodedVideoPacketSource('avc');
	output.addVideoTrack(source);
	output.setMetadataTags({ title: job.request.prompt, comment: job.uuid });
	await output.start();
	let timestamp = 0;
	for (const packet of groups.flat()) {
		await source.add(packet.clone({ timestamp }), { decoderConfig });
		timestamp += packet.duration;
	}
	await output.finalize();
	if (!target.buffer) throw new Error('mediabunny wrote no video');
	return new Uint8Array(target.buffer);
}

const clips = new Map<string, Promise<Clip>>();

/** Reads each asset once. */
function readClip(asset: string): Promise<Clip> {
	let clip = clips.get(asset);
	if (!clip) {
		clip = parseClip(asset);
		clips.set(asset, clip);
	}
	return clip;
}

interface Clip {
	decoderConfig: VideoDecoderConfig;
	/** Packets, each group beginning with a key frame. In the digits' assets there is one group for each digit. */
	groups: EncodedPacket[][];
}

async function parseClip(asset: string): Promise<Clip> {
	const source = new BufferSource(await readFile(join(__dirname, 'assets', asset)));
	const input = new Input({ source, formats: ALL_FORMATS });
	const track = await input.getPrimaryVideoTrack();
	const decoderConfig = await track?.getDecoderConfig();
	if (!track || !decoderConfig) throw new Error(`${asset} has no video track`);
	const groups: EncodedPacket[][] = [];
	for await (const packet of new EncodedPacketSink(track).packets()) {
		if (packet.type === 'key') groups.push([]);
		groups.at(-1)?.push(packet);
	}
	return { decoderConfig, groups };
}

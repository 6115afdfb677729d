import { createHmac, randomBytes } from 'node:crypto';

/** Signs the query of a URL together with the time when it expires. */
export class SignedUrls {
	private readonly secret = randomBytes(32);

	sign(path: string, lifetimeMs: number): string {
		const expires = String(Date.now() + lifetimeMs);
		// The nonce makes each URL different, as with real storage services.
		const nonce = randomBytes(4).toString('hex');
		const signature = this.signature(path, expires, nonce);
		return `${path}?${new URLSearchParams({ expires, nonce, signature }).toString()}`;
	}

	isValid(url: string): boolean {
		const [path = '', query] = url.split('?');
		const { expires = '', nonce = '', signature } = Object.fromEntries(new URLSearchParams(query));
		return signature === this.signature(path, expires, nonce) && Date.now() < Number(expires);
	}

	private signature(path: string, expires: string, nonce: string): string {
		return createHmac('sha256', this.secret).update(`${path} ${expires} ${nonce}`).digest('hex');
	}
}

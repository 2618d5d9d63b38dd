import { createHmac } from 'node:crypto'
import { bad, good, type Parsed } from '../../config/parsed.ts'

const PREFIX = 'whsec_'
/** What Standard Webhooks allows ("Signature scheme"), in bytes. */
const KEY_BYTES = { least: 24, most: 64 }

/**
 * The key that a secret stands for: what follows `whsec_` is base64, as Standard Webhooks writes it; any other text is
 * the key itself.
 */
export function parseSecret(text: string): Parsed<Buffer> {
  if (!text.startsWith(PREFIX)) {
    return /^[!-~]{32,256}$/.test(text)
      ? good(Buffer.from(text))
      : bad(
          'must be 32 to 256 visible ASCII characters, such as whsec_ and the output of openssl rand -base64 32',
        )
  }
  const encoded = text.slice(PREFIX.length)
  const key = Buffer.from(encoded, 'base64')
  // Node skips what is not base64; a receiver's library may not.
  const isWhole = key.toString('base64') === encoded
  const { least, most } = KEY_BYTES
  return isWhole && key.length >= least && key.length <= most
    ? good(key)
    : bad(`must hold the base64 of ${least} to ${most} bytes after ${PREFIX}`)
}

/**
 * Headers by which a receiver knows who sent it, and when (Standard Webhooks 1.0.0, "Webhook headers"). The id is the
 * same on every attempt; the time is the attempt's, so that an old request cannot be sent again by others.
 */
export function signatureHeaders(key: Buffer, id: string, now: number, body: Buffer): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000))
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
}

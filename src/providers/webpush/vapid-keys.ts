import { createECDH, createPrivateKey, hash, type KeyObject } from 'node:crypto'
import { bad, good, type Parsed } from '../../config/parsed.ts'
import { isPoint } from './p256.ts'

/** The key pair by which push services know this relay (RFC 8292). It signs, and never encrypts. */
export interface VapidKeys {
  /** Base64url of the uncompressed point, as `applicationServerKey` and the parameter `k` have it. */
  publicKey: string
  privateKey: KeyObject
  /** Short name of the pair: the `app` of every registration that was made with it. */
  id: string
}

/** As texts for a `.env` file; the private one is a secret. */
export interface VapidKeyTexts {
  publicKey: string
  privateKey: string
}

export function generateVapidKeys(): VapidKeyTexts {
  const pair = createECDH('prime256v1')
  pair.generateKeys()
  return { publicKey: pair.getPublicKey('base64url'), privateKey: padded(pair.getPrivateKey()) }
}

/** The lines for `.env` that `push-relay vapid-keys` prints. */
export function vapidKeyLines({ publicKey, privateKey }: VapidKeyTexts): string {
  return `RELAY_WEBPUSH_PUBLIC_KEY=${publicKey}\nRELAY_WEBPUSH_PRIVATE_KEY=${privateKey}\n`
}

export function parsePublicKey(text: string): Parsed<Buffer> {
  const point = decode(text)
  if (point === undefined || !isPoint(point)) {
    return bad('must be a public key as push-relay vapid-keys prints it: 87 characters of base64url')
  }
  return good(point)
}

export function parsePrivateKey(text: string): Parsed<Buffer> {
  const scalar = decode(text)
  if (scalar?.length !== 32 || publicKeyOf(scalar) === undefined) {
    return bad('must be a private key as push-relay vapid-keys prints it: 43 characters of base64url')
  }
  return good(scalar)
}

/** Undefined when they do not belong together. */
export function pairUp(publicKey: Buffer, privateKey: Buffer): VapidKeys | undefined {
  if (!publicKeyOf(privateKey)?.equals(publicKey)) return undefined
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: publicKey.toString('base64url', 1, 33),
    y: publicKey.toString('base64url', 33),
    d: privateKey.toString('base64url'),
  }
  return {
    publicKey: publicKey.toString('base64url'),
    privateKey: createPrivateKey({ key: jwk, format: 'jwk' }),
    id: `vapid-${hash('sha256', publicKey).slice(0, 12)}`,
  }
}

function publicKeyOf(privateKey: Buffer): Buffer | undefined {
  try {
    const pair = createECDH('prime256v1')
    pair.setPrivateKey(privateKey)
    return pair.getPublicKey()
  } catch {
    // Zero, or beyond the order of the curve.
    return undefined
  }
}

/** Strict: what is pasted wrong should not become another key. */
function decode(text: string): Buffer | undefined {
  return /^[A-Za-z0-9_-]+$/.test(text) ? Buffer.from(text, 'base64url') : undefined
}

/** OpenSSL leaves leading zeros away. */
function padded(scalar: Buffer): string {
  return Buffer.concat([Buffer.alloc(32 - scalar.length), scalar]).toString('base64url')
}

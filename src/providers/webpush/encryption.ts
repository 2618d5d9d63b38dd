import { createECDH, type ECDH } from 'node:crypto'
import { encrypt } from 'http_ece'
import type { SubscriptionKeys } from './subscription.ts'

/** Octets that every push service takes (RFC 8291 §4); some bridges take less. */
export const MAX_BODY_BYTES = 4096
/** Salt, record size, length of the key and the key (RFC 8188 §2.1), then delimiter and tag of the one record. */
const HEADER_BYTES = 16 + 4 + 1 + 65
const RECORD_BYTES = 1 + 16
const RECORD_SIZE = 4096
/** What is sent has one of eight lengths, so that its length tells next to nothing of the text. */
const PADDING_STEP = 512

/** Octets of plaintext that a body of this length holds. */
export function plaintextBytes(bodyBytes: number): number {
  return bodyBytes - HEADER_BYTES - RECORD_BYTES
}

/** Made anew for every message by default; a test vector brings its own. */
export interface Ephemeral {
  key: ECDH
  salt?: Buffer
  /** Without it nothing is padded. */
  paddedTo?: number
}

/** An `aes128gcm` body for this browser alone (RFC 8291), at most `maxBodyBytes` long if the plaintext allows it. */
export function encryptFor(keys: SubscriptionKeys, plaintext: Buffer, maxBodyBytes: number): Buffer {
  const key = createECDH('prime256v1')
  key.generateKeys()
  return encryptWith({ key, paddedTo: paddedLength(plaintext.length, maxBodyBytes) }, keys, plaintext)
}

export function encryptWith(ephemeral: Ephemeral, keys: SubscriptionKeys, plaintext: Buffer): Buffer {
  const { key, salt, paddedTo = plaintext.length } = ephemeral
  return encrypt(plaintext, {
    version: 'aes128gcm',
    rs: RECORD_SIZE,
    privateKey: key,
    dh: keys.p256dh,
    authSecret: keys.auth,
    pad: paddedTo - plaintext.length,
    ...(salt === undefined ? {} : { salt }),
  })
}

function paddedLength(length: number, maxBodyBytes: number): number {
  const full = Math.ceil(length / PADDING_STEP) * PADDING_STEP
  return Math.max(length, Math.min(full, plaintextBytes(maxBodyBytes)))
}

import { createDecipheriv, createHmac, type ECDH } from 'node:crypto'

/** What a browser keeps to itself of a subscription (RFC 8291 §2). */
export interface BrowserKeys {
  key: ECDH
  auth: Buffer
}

const SALT_BYTES = 16
const TAG_BYTES = 16
const POINT_BYTES = 65
const LAST_RECORD = 0x02

/** Written from RFC 8291 §3 and RFC 8188 §2, as a browser would. Throws when the body is not for this browser. */
export function decrypt(body: Buffer, browser: BrowserKeys): Buffer {
  const { salt, senderKey, record } = readHeader(body)
  const sharedSecret = browser.key.computeSecret(senderKey)
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), browser.key.getPublicKey(), senderKey])
  const inputKey = hkdf(browser.auth, sharedSecret, info, 32)
  const key = hkdf(salt, inputKey, Buffer.from('Content-Encoding: aes128gcm\0'), 16)
  const nonce = hkdf(salt, inputKey, Buffer.from('Content-Encoding: nonce\0'), 12)
  const decipher = createDecipheriv('aes-128-gcm', key, nonce)
  decipher.setAuthTag(record.subarray(-TAG_BYTES))
  return withoutPadding(Buffer.concat([decipher.update(record.subarray(0, -TAG_BYTES)), decipher.final()]))
}

/** RFC 8188 §2.1: salt, record size, length of the key id, key id; RFC 8291 §4: one record, and the sender's key as the id. */
function readHeader(body: Buffer) {
  if (body.length < SALT_BYTES + 5) throw new Error('shorter than its header')
  const recordSize = body.readUInt32BE(SALT_BYTES)
  const start = SALT_BYTES + 5 + body.readUInt8(SALT_BYTES + 4)
  const record = body.subarray(start)
  if (start !== SALT_BYTES + 5 + POINT_BYTES) throw new Error('the key id is not a public key')
  if (record.length <= TAG_BYTES) throw new Error('no record')
  if (record.length > recordSize) throw new Error('more than one record')
  return { salt: body.subarray(0, SALT_BYTES), senderKey: body.subarray(SALT_BYTES + 5, start), record }
}

function withoutPadding(record: Buffer): Buffer {
  const end = record.findLastIndex(octet => octet !== 0)
  if (record[end] !== LAST_RECORD) throw new Error('no delimiter of a last record')
  return record.subarray(0, end)
}

/** RFC 5869 with SHA-256, for at most one block. */
function hkdf(salt: Buffer, inputKey: Buffer, info: Buffer, length: number): Buffer {
  const key = hmac(salt, inputKey)
  return hmac(key, Buffer.concat([info, Buffer.from([1])])).subarray(0, length)
}

function hmac(key: Buffer, data: Buffer): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

/** The part of http_ece that is used here; the package has no types of its own. */
declare module 'http_ece' {
  import type { ECDH } from 'node:crypto'

  interface EncryptionParameters {
    version: 'aes128gcm'
    /** Record size, RFC 8188 §2.1. */
    rs: number
    /** Absent: a fresh one. */
    salt?: Buffer
    privateKey: ECDH
    /** The receiver's public key, as an uncompressed point. */
    dh: Buffer
    authSecret: Buffer
    /** Octets of padding. */
    pad: number
  }

  export function encrypt(plaintext: Buffer, parameters: EncryptionParameters): Buffer
}

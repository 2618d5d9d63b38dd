import { ECDH } from 'node:crypto'

/** Whether these octets are an uncompressed point of the curve P-256. OpenSSL refuses to read one that is not on it. */
export function isPoint(octets: Buffer): boolean {
  if (octets.length !== 65 || octets[0] !== 0x04) return false
  try {
    ECDH.convertKey(octets, 'prime256v1')
    return true
  } catch {
    return false
  }
}

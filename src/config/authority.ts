import { X509Certificate } from 'node:crypto'
import { bad, good, type Parsed } from './parsed.ts'

/** PEM of one or more certificates; TLS would silently ignore a text that holds none. */
export function parseAuthority(bytes: Buffer): Parsed<string> {
  const text = bytes.toString()
  try {
    new X509Certificate(text)
    return good(text)
  } catch {
    return bad('the file is not a certificate in PEM')
  }
}

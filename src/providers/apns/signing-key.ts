import { createPrivateKey, type KeyObject } from 'node:crypto'
import { bad, good, type Parsed } from '../../config/parsed.ts'

/** Apple's .p8: PKCS#8 PEM of a P-256 key, which signs ES256. Answers it as PKCS#8 PEM. */
export function parseSigningKey(text: string): Parsed<string> {
  if (/ENCRYPTED/.test(text)) return bad('the key is encrypted; use the .p8 file as Apple gave it')
  const key = importPrivateKey(text)
  if (!key) return bad('the file is not a private key in PEM, as in the .p8 file that Apple gave')
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    return bad('the key must be an EC key on P-256, as in the .p8 file that Apple gave')
  }
  return good(key.export({ format: 'pem', type: 'pkcs8' }).toString())
}

function importPrivateKey(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text)
  } catch {
    return undefined
  }
}

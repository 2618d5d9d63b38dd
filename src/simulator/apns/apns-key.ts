import { generateKeyPairSync, randomInt } from 'node:crypto'

/** What Apple's developer site hands out as `AuthKey_<keyId>.p8`, and its public half. */
export interface ApnsKey {
  /** Ten characters. */
  keyId: string
  /** Ten characters. */
  teamId: string
  /** PKCS#8 PEM, P-256. Secret. */
  privateKey: string
  /** SPKI PEM. */
  publicKey: string
}

export function generateApnsKey(ids: { keyId?: string; teamId?: string } = {}): ApnsKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  return { keyId: ids.keyId ?? randomId(), teamId: ids.teamId ?? randomId(), privateKey, publicKey }
}

const ID_ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'

function randomId(): string {
  return Array.from({ length: 10 }, () => ID_ALPHABET.charAt(randomInt(ID_ALPHABET.length))).join('')
}

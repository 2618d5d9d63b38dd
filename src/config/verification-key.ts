import { createPublicKey, type KeyObject } from 'node:crypto'
import type { JWK } from 'jose'
import type { JwtKey } from './config.ts'
import { bad, good, type Parsed } from './parsed.ts'

type VerificationKey = JwtKey['jwk']

/** RFC 7518 §3.2: an HMAC key is at least as long as the hash; a shorter one can be guessed from a single token. */
const LEAST_SECRET_BYTES: ReadonlyMap<string, number> = new Map([
  ['HS256', 32],
  ['HS384', 48],
  ['HS512', 64],
])
/** RFC 7518 §3.3. */
const LEAST_RSA_BITS = 2048
const RSA_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
/** OpenSSL's names of the curves of RFC 7518 §3.4. */
const CURVE_ALGORITHMS: Record<string, string> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
}

/**
 * A key file as ejabberd's `jwt_key` takes it: a JWK, a JWK Set with exactly one key, or PEM. Of a private key only the
 * public part is kept. The algorithm is pinned here, because a token's own header must not choose it.
 */
export function parseVerificationKey(content: string): Parsed<VerificationKey> {
  const text = content.trim()
  if (text.startsWith('{')) return parseJson(text)
  if (text.includes('-----BEGIN ')) return parsePem(text)
  return bad('the file holds neither a JWK (JSON) nor PEM')
}

function parseJson(text: string): Parsed<VerificationKey> {
  const json = readJson(text)
  if (json === undefined) return bad('the file looks like a JWK but is not JSON')
  if (!('keys' in json)) return parseJwk(json)
  const keys = json.keys
  if (!Array.isArray(keys) || keys.length !== 1 || typeof keys[0] !== 'object' || keys[0] === null) {
    return bad('the JWK Set must hold exactly one key, as ejabberd wants it')
  }
  return parseJwk(keys[0])
}

function readJson(text: string): (JWK & { keys?: unknown }) | undefined {
  try {
    return JSON.parse(text) as JWK & { keys?: unknown }
  } catch {
    return undefined
  }
}

function parseJwk(jwk: JWK): Parsed<VerificationKey> {
  if (jwk.alg !== undefined && typeof jwk.alg !== 'string') return bad('the JWK\'s "alg" is not a string')
  if (jwk.kid !== undefined && typeof jwk.kid !== 'string') return bad('the JWK\'s "kid" is not a string')
  if (jwk.use !== undefined && jwk.use !== 'sig') return bad('the JWK is not for signatures ("use")')
  if (jwk.kty === 'oct') return parseSecret(jwk)
  const key = importKey(() => createPublicKey({ key: jwk as never, format: 'jwk' }))
  return key ? pinned(key, jwk) : bad('the JWK is not a usable key (kty oct, RSA, EC or OKP)')
}

function parseSecret(jwk: JWK): Parsed<VerificationKey> {
  const alg = jwk.alg ?? 'HS256'
  const least = LEAST_SECRET_BYTES.get(alg)
  if (least === undefined)
    return bad('the JWK\'s "alg" does not go with a shared secret (HS256, HS384, HS512)')
  if (typeof jwk.k !== 'string' || !/^[A-Za-z0-9_-]+$/.test(jwk.k)) {
    return bad('the JWK\'s "k" is not base64url without padding')
  }
  if (Buffer.from(jwk.k, 'base64url').length < least) {
    return bad(`the secret is too short: ${alg} needs ${least} bytes or more`)
  }
  return good({ kty: 'oct', k: jwk.k, alg, ...(jwk.kid === undefined ? {} : { kid: jwk.kid }) })
}

function parsePem(text: string): Parsed<VerificationKey> {
  // createPublicKey also takes a private key, and derives the public one.
  const key = importKey(() => createPublicKey(text))
  if (key) return pinned(key, {})
  return /ENCRYPTED/.test(text)
    ? bad('the PEM is encrypted; the public key is enough')
    : bad('the PEM is damaged or of a kind that is not supported')
}

function importKey(create: () => KeyObject): KeyObject | undefined {
  try {
    return create()
  } catch {
    return undefined
  }
}

function pinned(key: KeyObject, source: JWK): Parsed<VerificationKey> {
  const algorithms = algorithmsOf(key)
  const [standard] = algorithms
  if (standard === undefined) {
    return bad('the key must be RSA of 2048 bits or more, EC on P-256, P-384 or P-521, or Ed25519')
  }
  const alg = source.alg ?? standard
  if (!algorithms.includes(alg))
    return bad(`the JWK's "alg" does not go with its key (${algorithms.join(', ')})`)
  const kid = source.kid === undefined ? {} : { kid: source.kid }
  return good({ ...(key.export({ format: 'jwk' }) as JWK), alg, ...kid })
}

/** The algorithms that go with a key, the standard choice first. */
function algorithmsOf(key: KeyObject): string[] {
  const details = key.asymmetricKeyDetails
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return (details?.modulusLength ?? 0) >= LEAST_RSA_BITS ? RSA_ALGORITHMS : []
    case 'ec':
      return [CURVE_ALGORITHMS[details?.namedCurve ?? ''] ?? []].flat()
    case 'ed25519':
      return ['EdDSA', 'Ed25519']
    default:
      return []
  }
}

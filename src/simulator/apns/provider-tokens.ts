import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { Clock } from '../../domain/clock.ts'
import { isRefusal, type Refusal, refusal } from './refusal.ts'

export interface TrustedKey {
  keyId: string
  teamId: string
  /** PEM. */
  publicKey: string
  /** Set for a key that Apple limited to one environment. */
  environment?: string
  /** Set for a key that Apple limited to some bundle ids. */
  topics?: readonly string[]
}

/** A provider token (Apple's name for the relay's JWT) whose signature was good. */
export interface ProviderToken {
  keyId: string
  teamId: string
  /** Seconds. */
  issuedAt: number
  topics?: readonly string[]
}

export interface ProviderTokenOptions {
  /** `any`: every well-formed token passes, its signature is not looked at. */
  keys: readonly TrustedKey[] | 'any'
  clock: Clock
  environment: string
  /** A new token of one key within this time of the last is refused; 0 allows it. */
  updateWindowMs: number
}

export type CheckProviderToken = (authorization: string | undefined) => ProviderToken | Refusal

const MAX_AGE_SECONDS = 3600
// Verifying costs about 100 µs, looking up less than one. Bounded, because with `any` everybody can make tokens.
const CACHE_LIMIT = 1000

/**
 * Apple's rules for the `authorization` header, in this order: present, well formed, signed by a known key of that team,
 * made for this environment, neither too old nor from the future, not changed too often.
 */
export function createProviderTokenCheck(options: ProviderTokenOptions): CheckProviderToken {
  const keys = importKeys(options.keys)
  const verified = new Map<string, ProviderToken>()
  const accepted = new Map<string, true>()
  const updatedAt = new Map<string, number>()

  function verifyOnce(jwt: string): ProviderToken | Refusal {
    const known = verified.get(jwt)
    if (known !== undefined) return known
    const token = verifyToken(jwt, keys, options.environment)
    if (!isRefusal(token)) keepBounded(verified, jwt, token)
    return token
  }

  function checkUpdate(jwt: string, keyId: string): Refusal | undefined {
    // Processes of one provider may each use the token they have: only one never seen is an update.
    if (accepted.has(jwt)) return undefined
    const now = options.clock.now()
    const last = updatedAt.get(keyId)
    if (last !== undefined && now - last < options.updateWindowMs) {
      return refusal(429, 'TooManyProviderTokenUpdates')
    }
    keepBounded(accepted, jwt, true)
    keepBounded(updatedAt, keyId, now)
    return undefined
  }

  return authorization => {
    if (authorization === undefined || authorization === '') return refusal(403, 'MissingProviderToken')
    const jwt = /^bearer +(\S+)$/i.exec(authorization)?.[1]
    if (jwt === undefined) return invalid('authorization is not "bearer <token>"')
    const token = verifyOnce(jwt)
    if (isRefusal(token)) return token
    return checkAge(token, options.clock) ?? checkUpdate(jwt, token.keyId) ?? token
  }
}

type ImportedKey = Omit<TrustedKey, 'publicKey'> & { publicKey: KeyObject }

function importKeys(keys: readonly TrustedKey[] | 'any'): Map<string, ImportedKey> | undefined {
  if (keys === 'any') return undefined
  return new Map(keys.map(key => [key.keyId, { ...key, publicKey: createPublicKey(key.publicKey) }]))
}

function verifyToken(
  jwt: string,
  keys: Map<string, ImportedKey> | undefined,
  environment: string,
): ProviderToken | Refusal {
  const parts = jwt.split('.')
  const [head = '', claims = '', signature = ''] = parts
  if (parts.length !== 3) return invalid('not three parts')
  const token = readToken(decodeJson(head), decodeJson(claims))
  if (isRefusal(token) || keys === undefined) return token
  const key = keys.get(token.keyId)
  if (key === undefined) return invalid('unknown kid')
  if (key.teamId !== token.teamId) return invalid('iss is not the team of this key')
  if (!isSigned(`${head}.${claims}`, signature, key.publicKey)) return invalid('wrong signature')
  if (key.environment !== undefined && key.environment !== environment) {
    // Apple's page spells it BadEnvironmentKeyIdInToken; on the wire it is this (kylebrowning/APNSwift pull 229).
    return refusal(403, 'BadEnvironmentKeyInToken')
  }
  return key.topics === undefined ? token : { ...token, topics: key.topics }
}

function readToken(
  head: Record<string, unknown> | undefined,
  claims: Record<string, unknown> | undefined,
): ProviderToken | Refusal {
  if (head === undefined || claims === undefined) return invalid('not base64url JSON objects')
  if (head.alg !== 'ES256') return invalid('alg is not ES256')
  if (typeof head.kid !== 'string' || head.kid === '') return invalid('kid is missing')
  if (typeof claims.iss !== 'string' || claims.iss === '') return invalid('iss is missing')
  if (!Number.isSafeInteger(claims.iat)) return invalid('iat is not an integer')
  return { keyId: head.kid, teamId: claims.iss, issuedAt: claims.iat as number }
}

/** RFC 7518 §3.4: the 64 bytes of R and S, not the DER that Node makes unless told otherwise. */
function isSigned(text: string, signature: string, publicKey: KeyObject): boolean {
  const bytes = Buffer.from(signature, 'base64url')
  return (
    bytes.length === 64 &&
    verify('sha256', Buffer.from(text), { key: publicKey, dsaEncoding: 'ieee-p1363' }, bytes)
  )
}

function decodeJson(part: string): Record<string, unknown> | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(part)) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function checkAge(token: ProviderToken, clock: Clock): Refusal | undefined {
  const now = Math.floor(clock.now() / 1000)
  if (token.issuedAt > now) return invalid('iat is in the future')
  return now - token.issuedAt > MAX_AGE_SECONDS ? refusal(403, 'ExpiredProviderToken') : undefined
}

function invalid(detail: string): Refusal {
  return refusal(403, 'InvalidProviderToken', detail)
}

function keepBounded<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= CACHE_LIMIT) return
  const oldest = map.keys().next()
  if (!oldest.done) map.delete(oldest.value)
}

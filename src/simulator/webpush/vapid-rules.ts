import { createPublicKey, verify } from 'node:crypto'
import type { Refusal } from './refusals.ts'

export interface VapidContext {
  /** What `aud` must be. */
  origin: string
  /** The key that the subscription is bound to; undefined: any. */
  applicationServerKey: string | undefined
  now: number
}

const DAY_SECONDS = 86_400
/** Apple refuses names that nobody can reach (web-push-libs/web-push issue 947). */
const NOBODY = /(?:^|[@./])(?:localhost|[a-z0-9.-]+\.(?:local|localhost|invalid|internal))(?:$|[:/])/i

/** RFC 8292 §2 and §3, and what Apple and Mozilla ask beyond it. Undefined: it is right. */
export function checkVapid(authorization: string | undefined, context: VapidContext): Refusal | undefined {
  if (authorization === undefined) return 'no-authorization'
  const parameters = readParameters(authorization)
  if (parameters === undefined) return 'bad-authorization'
  const { token, key } = parameters
  if (context.applicationServerKey !== undefined && key !== context.applicationServerKey)
    return 'key-mismatch'
  return isSigned(token, key) && areGoodClaims(token, context) ? undefined : 'bad-token'
}

/** `vapid t=…, k=…`, in either order. */
function readParameters(authorization: string): { token: string; key: string } | undefined {
  const list = /^vapid (.+)$/i.exec(authorization)?.[1] ?? ''
  const found = new Map(list.split(',').map(one => one.trim().split(/=(.*)/s, 2) as [string, string]))
  const [token, key] = [found.get('t'), found.get('k')]
  const isWhole = token !== undefined && key !== undefined && /^[A-Za-z0-9_-]{87}$/.test(key)
  return isWhole && found.size === 2 ? { token, key } : undefined
}

/** RFC 7518 §3.4: R and S, 32 octets each. */
function isSigned(token: string, key: string): boolean {
  const [head = '', claims = '', signature = ''] = token.split('.')
  const { alg, typ } = decodeJson(head)
  const octets = Buffer.from(signature, 'base64url')
  if (alg !== 'ES256' || typ !== 'JWT' || octets.length !== 64) return false
  try {
    return verify('sha256', Buffer.from(`${head}.${claims}`), importKey(key), octets)
  } catch {
    // Not a point of the curve.
    return false
  }
}

function importKey(key: string) {
  const point = Buffer.from(key, 'base64url')
  const [x, y] = [point.toString('base64url', 1, 33), point.toString('base64url', 33)]
  const publicKey = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
  return { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
}

function areGoodClaims(token: string, { origin, now }: VapidContext): boolean {
  const { aud, exp, sub } = decodeJson(token.split('.')[1] ?? '')
  const seconds = now / 1000
  const isInTime = typeof exp === 'number' && exp > seconds && exp <= seconds + DAY_SECONDS
  const isReachable =
    typeof sub === 'string' && /^(?:mailto:|https:\/\/)[^\s<>]+$/.test(sub) && !NOBODY.test(sub)
  return aud === origin && isInTime && isReachable
}

function decodeJson(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

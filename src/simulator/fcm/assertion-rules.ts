import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { Clock } from '../../domain/clock.ts'
import type { ServiceAccountKey } from './service-account.ts'

/** As the token endpoint says it (RFC 6749 §5.2). */
export interface OAuthError {
  error: string
  error_description: string
}

export interface AssertionRules {
  accounts: readonly ServiceAccountKey[]
  /** Whom it must be meant for. */
  audience: string
  clock: Pick<Clock, 'now'>
}

const SCOPES: readonly string[] = [
  'https://www.googleapis.com/auth/firebase.messaging',
  'https://www.googleapis.com/auth/cloud-platform',
]
const LONGEST_LIFETIME_S = 3600
/** How far apart the two clocks may be. */
const TOLERANCE_S = 300

type Fields = Readonly<Record<string, unknown>>

/** Undefined when the assertion is good. */
export function checkAssertion(assertion: string, rules: AssertionRules): OAuthError | undefined {
  const parts = assertion.split('.')
  const [head = '', claims = '', signature = ''] = parts
  const [header, payload] = [decode(head), decode(claims)]
  if (parts.length !== 3 || header === undefined || payload === undefined) {
    return { error: 'invalid_grant', error_description: 'Invalid JWT: it must be three parts of base64url.' }
  }
  if (header.alg !== 'RS256') return invalidGrant('Invalid JWT: alg must be RS256.')
  const account = rules.accounts.find(
    ({ keyId, clientEmail }) => keyId === header.kid && clientEmail === payload.iss,
  )
  if (account === undefined) return invalidGrant('Invalid grant: account not found')
  if (!isSigned(`${head}.${claims}`, signature, createPublicKey(account.publicKey))) {
    return invalidGrant('Invalid JWT Signature.')
  }
  return checkClaims(payload, rules)
}

function checkClaims(claims: Fields, { audience, clock }: AssertionRules): OAuthError | undefined {
  if (claims.aud !== audience) return invalidGrant('Invalid JWT: Failed audience check.')
  if (!isInTime(claims, Math.floor(clock.now() / 1000))) {
    return invalidGrant(
      'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. ' +
        'Check your iat and exp values in the JWT claim.',
    )
  }
  const scopes = typeof claims.scope === 'string' ? claims.scope.split(' ') : []
  return scopes.length > 0 && scopes.every(scope => SCOPES.includes(scope))
    ? undefined
    : { error: 'invalid_scope', error_description: 'Invalid OAuth scope or ID token audience provided.' }
}

function isInTime({ iat, exp }: Fields, now: number): boolean {
  if (!Number.isSafeInteger(iat) || !Number.isSafeInteger(exp)) return false
  const [issuedAt, expiresAt] = [iat as number, exp as number]
  return (
    issuedAt <= now + TOLERANCE_S &&
    expiresAt > now - TOLERANCE_S &&
    expiresAt > issuedAt &&
    expiresAt - issuedAt <= LONGEST_LIFETIME_S
  )
}

function isSigned(text: string, signature: string, publicKey: KeyObject): boolean {
  return (
    /^[\w-]+$/.test(signature) &&
    verify('sha256', Buffer.from(text), publicKey, Buffer.from(signature, 'base64url'))
  )
}

function decode(part: string): Fields | undefined {
  if (!/^[\w-]+$/.test(part)) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : undefined
  } catch {
    return undefined
  }
}

function invalidGrant(error_description: string): OAuthError {
  return { error: 'invalid_grant', error_description }
}

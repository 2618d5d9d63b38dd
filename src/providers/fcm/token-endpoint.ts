import { createPrivateKey, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import type { Clock } from '../../domain/clock.ts'
import type { Http1Client, Http1Result } from '../../http1/http1-client.ts'
import { parseRetryAfter } from '../retry-after.ts'
import type { ServiceAccount } from './service-account.ts'

/** What Google takes instead of a password for an hour or so. */
export interface AccessToken {
  value: string
  obtainedAt: number
  expiresAt: number
}

/**
 * Why there is none. `refused`: our key or its account; `throttled`: too many requests; `unavailable`: nobody there, or
 * an answer that makes no sense.
 */
export interface TokenFailure {
  kind: 'refused' | 'throttled' | 'unavailable'
  /** Google's word verbatim, or what happened. */
  reason: string
  status?: number
  retryAfterMs?: number
  /** Said in no word that we know. */
  isUnknown?: true
}

export type TokenAnswer = { ok: true; token: AccessToken } | { ok: false; failure: TokenFailure }

export interface TokenEndpointOptions {
  account: ServiceAccount
  /** To the origin of the account's `tokenUri`. */
  client: Pick<Http1Client, 'request'>
  clock: Pick<Clock, 'now'>
}

export type FetchToken = () => Promise<TokenAnswer>

/** The only thing that this relay may do with the account. */
const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging'
const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const ASSERTION_LIFETIME_S = 3600
/** RFC 6749 §5.1 recommends to say it; Google always does. */
const DEFAULT_LIFETIME_S = 3600
const LONGEST_LIFETIME_S = 24 * 3600
/** Google bears with a clock that is so far off. */
const CLOCK_TOLERANCE_MS = 5 * 60_000
/** RFC 6749 §5.2, and what Google adds ("Using OAuth 2.0 for server to server applications", error codes). */
const REFUSALS: readonly string[] = [
  ...['invalid_request', 'invalid_client', 'invalid_grant', 'invalid_scope', 'unauthorized_client'],
  ...['unsupported_grant_type', 'access_denied', 'admin_policy_enforced', 'org_internal'],
  ...['deleted_client', 'disabled_client'],
]
/** Said with status 400 or 401, and yet no fault of ours (googleapis/google-auth-library-python, `_can_retry`). */
const TRANSIENT_WORDS: readonly string[] = ['internal_failure', 'server_error', 'temporarily_unavailable']

/** Exchanges a signed assertion for an access token (RFC 7523; "Using OAuth 2.0 for server to server applications"). */
export function createTokenEndpoint({ account, client, clock }: TokenEndpointOptions): FetchToken {
  const key = createPrivateKey(account.privateKey)
  const { pathname, search } = new URL(account.tokenUri)
  return async () => {
    const assertion = await signAssertion(account, key, clock.now())
    const result = await client.request({
      method: 'POST',
      path: `${pathname}${search}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: Buffer.from(new URLSearchParams({ grant_type: GRANT_TYPE, assertion }).toString()),
    })
    return readResult(result, clock.now())
  }
}

function signAssertion(account: ServiceAccount, key: KeyObject, now: number): Promise<string> {
  const issuedAt = Math.floor(now / 1000)
  return new SignJWT({ scope: SCOPE })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: account.keyId })
    .setIssuer(account.clientEmail)
    .setAudience(account.tokenUri)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ASSERTION_LIFETIME_S)
    .sign(key)
}

type Content = Readonly<Record<string, unknown>>

function readResult(result: Http1Result, now: number): TokenAnswer {
  if (result.kind !== 'response') {
    return { ok: false, failure: { kind: 'unavailable', reason: placed(result.reason) } }
  }
  const content = parseObject(result.body.toString())
  const token = result.status === 200 ? readToken(content, now) : undefined
  return token === undefined ? { ok: false, failure: readFailure(result, content, now) } : { ok: true, token }
}

function readFailure(
  { status, headers }: Http1Result & { kind: 'response' },
  content: Content,
  now: number,
): TokenFailure {
  const word = wordOf(content.error)
  const isClock = word === 'invalid_grant' && isClockOff(headers.date, now)
  const retryAfterMs = parseRetryAfter(headers['retry-after'], now)
  return {
    kind: kindOf(status, word),
    reason: isClock ? `${word} (clock is off)` : (word ?? placed(`HTTP ${status}`)),
    status,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(isKnown(word) ? {} : { isUnknown: true }),
  }
}

function isKnown(word = ''): boolean {
  return REFUSALS.includes(word) || TRANSIENT_WORDS.includes(word)
}

/**
 * 4xx: the key, its account, or what it asks for. A redirect, which is never followed, says that this is no token
 * endpoint. Both need an operator.
 */
function kindOf(status: number, word = ''): TokenFailure['kind'] {
  if (status === 429) return 'throttled'
  const isRefusal = status >= 300 && status < 500 && status !== 408
  return isRefusal && !TRANSIENT_WORDS.includes(word) ? 'refused' : 'unavailable'
}

/** An assertion from the future, or of yesterday, is refused as `invalid_grant`, which says nothing of clocks. */
function isClockOff(date: string | undefined, now: number): boolean {
  return Math.abs(Date.parse(date ?? '') - now) > CLOCK_TOLERANCE_MS
}

/** So that nobody takes it for an answer of FCM. */
function placed(reason: string): string {
  return `token endpoint: ${reason}`
}

function readToken(content: Content, now: number): AccessToken | undefined {
  const { access_token: value, expires_in: seconds = DEFAULT_LIFETIME_S } = content
  // It is to stand in a header.
  if (typeof value !== 'string' || !/^[!-~]{1,4096}$/.test(value)) return undefined
  if (typeof seconds !== 'number' || !(seconds > 0)) return undefined
  return { value, obtainedAt: now, expiresAt: now + Math.min(seconds, LONGEST_LIFETIME_S) * 1000 }
}

/** RFC 6749 §5.2. */
function wordOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[a-z][a-z_]{0,63}$/.test(value) ? value : undefined
}

function parseObject(text: string): Content {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Content) : {}
  } catch {
    return {}
  }
}

import { parseRetryAfter } from '../retry-after.ts'

/** What a ZeroPush server answered, as far as anything depends on it. */
export interface ZeroPushAnswer {
  status: number
  /** The short word of an error body: `{"error":"quota error","message":…}`, and in older ones `{"error":"unauthorized"}`. */
  error?: string
  /** How many devices it was sent to. */
  sentCount?: number
  /** Lower case. Known to the server, and dead by the feedback of Apple. */
  inactiveTokens: readonly string[]
  /** Lower case. Never registered with the server. */
  unregisteredTokens: readonly string[]
  /** When the account may push again, at most a day from now. */
  quotaResetAt?: number
  retryAfterMs?: number
}

export interface HttpResponse {
  status: number
  headers: Readonly<Record<string, string>>
  body: Buffer
}

/** Never throws: what is not JSON, or of another shape, says nothing but its status. */
export function readAnswer(response: HttpResponse, now: number): ZeroPushAnswer {
  const { status, headers, body } = response
  const said = parseObject(body.toString())
  const sentCount = readCount(said.sent_count)
  const quotaResetAt = readReset(headers['x-push-quota-reset'], now)
  const retryAfterMs = parseRetryAfter(headers['retry-after'], now)
  return {
    status,
    ...(typeof said.error === 'string' && SAFE_WORD.test(said.error) ? { error: said.error } : {}),
    ...(sentCount === undefined ? {} : { sentCount }),
    inactiveTokens: readTokens(said.inactive_tokens),
    unregisteredTokens: readTokens(said.unregistered_tokens),
    ...(quotaResetAt === undefined ? {} : { quotaResetAt }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

/** A few words of letters only: nothing that could be a token. */
const SAFE_WORD = /^[A-Za-z]{1,20}(?:[ _][A-Za-z]{1,20}){0,3}$/

function parseObject(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    // A proxy's page, or nothing: the status decides.
    return {}
  }
}

function readCount(value: unknown): number | undefined {
  const count = typeof value === 'string' ? Number.parseInt(value, 10) : value
  return typeof count === 'number' && Number.isFinite(count) ? count : undefined
}

function readTokens(value: unknown): string[] {
  const tokens = Array.isArray(value) ? value.filter(token => typeof token === 'string') : []
  return tokens.map(token => token.toLowerCase())
}

const DAY_MS = 86_400_000
/** 2001 in seconds since 1970, and 31 years as a number of seconds to wait. */
const LEAST_UNIX_SECONDS = 1_000_000_000

/**
 * `X-Push-Quota-Reset`: an integer, or the text `null`. No document says what it counts; a number as large as an instant is
 * one, a smaller one is a number of seconds. After a day it is tried again all the same: quotas can be bought.
 */
function readReset(header: string | undefined, now: number): number | undefined {
  const seconds = /^\d{1,11}$/.test(header ?? '') ? Number(header) : 0
  const resetAt = seconds < LEAST_UNIX_SECONDS ? now + seconds * 1000 : seconds * 1000
  return resetAt > now ? Math.min(resetAt, now + DAY_MS) : undefined
}

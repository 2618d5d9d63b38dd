import { parseRetryAfter } from '../retry-after.ts'

export interface PushAnswer {
  status: number
  /** The service's own word, if it has one that we may repeat; else `HTTP <status>`. */
  reason: string
  retryAfterMs?: number
}

interface Response {
  status: number
  headers: Readonly<Record<string, string>>
  body: Buffer
}

/** What a push service says when a subscription was made with another VAPID key. */
export const KEY_MISMATCH = 'VapidPkHashMismatch'
/**
 * The others say it in a sentence: Google ("the VAPID credentials in the authorization header do not correspond to the
 * credentials used to create the subscriptions", web-push-libs/webpush-java issue 212) and Mozilla (autopush-rs
 * `vapid.rs`). Apple's word stands for both.
 */
const MISMATCH = /do not correspond to the credentials used to create|VAPID public key mismatch/

/**
 * Words are repeated only of a service that is known or that the operator allows: any other is a server of the client's
 * choice, and what it says is not to come out of our mouth.
 */
export function readAnswer(response: Response, isTrusted: boolean, now: number): PushAnswer {
  const { status, headers, body } = response
  const word = isTrusted ? readWord(body.toString()) : undefined
  const retryAfterMs = parseRetryAfter(headers['retry-after'], now)
  return {
    status,
    reason: word ?? `HTTP ${status}`,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

/** Apple's `reason`, Mozilla's `errno` (autopush-rs, docs/errors.md), ntfy's `code` (server/errors.go). */
function readWord(body: string): string | undefined {
  if (MISMATCH.test(body)) return KEY_MISMATCH
  const { reason, errno, code } = parseObject(body)
  if (typeof reason === 'string' && /^[A-Za-z]{1,64}$/.test(reason)) return reason
  if (isCode(errno)) return `errno ${errno}`
  return isCode(code) && code > 599 ? `code ${code}` : undefined
}

function isCode(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) < 100_000
}

function parseObject(body: string): { reason?: unknown; errno?: unknown; code?: unknown } {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    // A page, a sentence, or nothing: the status decides.
    return {}
  }
}

import type { Outcome } from '../../domain/outcome.ts'
import type { Registration } from '../../domain/registration.ts'
import { blocked, rejected, serverFailure, waitForScope } from '../answer-rules.ts'
import type { ZeroPushAnswer } from './answer.ts'

export interface AnswerContext {
  now: number
  scope: string
  /** The only one that was sent. */
  token: string
}

type Rule = (answer: ZeroPushAnswer, context: AnswerContext) => Outcome

// One strike of the registration, not its end: a server that is the wrong one for all must not cost everybody their device.
const misaddressed: Rule = () => ({ kind: 'misaddressed', fault: 'app' })
const quotaUsedUp: Rule = ({ quotaResetAt }, { scope }) => ({
  kind: 'deferred',
  scope,
  ...(quotaResetAt === undefined ? {} : { untilMs: quotaResetAt }),
})

/** Every word of an error body that a client of ZeroPush has seen. It comes with several statuses, so it goes first. */
const BY_ERROR: Readonly<Record<string, Rule>> = {
  'authorization error': blocked,
  unauthorized: blocked,
  'configuration error': blocked,
  'quota error': quotaUsedUp,
  'record not found': misaddressed,
}

const BY_STATUS: Readonly<Record<number, Rule>> = {
  400: rejected,
  401: blocked,
  403: blocked,
  // Nothing answers at this address, or not to a POST: it is the operator's to correct, and no message's fault.
  404: blocked,
  405: blocked,
  407: blocked,
  408: serverFailure,
  // No certificate, or an app that is not set up there.
  412: blocked,
  425: serverFailure,
  429: waitForScope,
}

/** Whether the server must be told of the device first: it sends to no other. */
export function isUnknownDevice(answer: ZeroPushAnswer, token: string): boolean {
  if (isSuccess(answer)) return answer.unregisteredTokens.includes(token)
  return answer.error === 'record not found'
}

/**
 * Whether the server's mark "inactive" may be older than the app's last registration here: it has been pushed to, and has
 * registered since. Feedback counts only when it is newer, so the server is told of the device anew. A dead one does not
 * register, so it is not told of twice.
 */
export function isBackAgain(
  answer: ZeroPushAnswer,
  { token, registeredAt, lastAcceptedAt = registeredAt }: Registration,
): boolean {
  return isSuccess(answer) && answer.inactiveTokens.includes(token) && registeredAt > lastAcceptedAt
}

/** Whether the answer to a push says anything that our tables do not have. */
export function isKnownAnswer(answer: ZeroPushAnswer): boolean {
  if (isSuccess(answer)) return names(answer) || (answer.sentCount ?? 0) > 0
  return answer.error !== undefined && Object.hasOwn(BY_ERROR, answer.error)
}

/**
 * The table from the answer to a push to an outcome. Accepted is only what was sent by the server's own count: another
 * page under status 200 proves nothing, and the message is sent again. Pure; never throws.
 */
export function classify(answer: ZeroPushAnswer, context: AnswerContext): Outcome {
  const { status } = answer
  if (!isSuccess(answer)) return byError(answer, context)
  // What is said of the token by name goes before a number.
  if (answer.inactiveTokens.includes(context.token)) {
    return { kind: 'unregistered', status, reason: 'inactive_tokens' }
  }
  if (answer.unregisteredTokens.includes(context.token)) {
    return { ...misaddressed(answer, context), status, reason: 'unregistered_tokens' }
  }
  const { sentCount } = answer
  if (sentCount !== undefined && sentCount > 0) return { kind: 'accepted', status }
  return { kind: 'failed', pace: 'unrecognised', status, reason: reasonOf(answer) }
}

/** What became of telling the server of a device; undefined: it knows it now. */
export function classifyRegistering(answer: ZeroPushAnswer, context: AnswerContext): Outcome | undefined {
  if (isSuccess(answer)) return undefined
  // It takes no such token, or no devices at all.
  const isRefused = REFUSED_REGISTERING.includes(answer.status) && !isKnownAnswer(answer)
  const { status } = answer
  return isRefused
    ? { ...misaddressed(answer, context), status, reason: reasonOf(answer) }
    : byError(answer, context)
}

const REFUSED_REGISTERING = [400, 404, 405, 422]

export function reasonOf({ status, error, sentCount }: ZeroPushAnswer): string {
  return error ?? (sentCount === undefined ? `HTTP ${status}` : `sent_count ${sentCount}`)
}

function isSuccess({ status }: ZeroPushAnswer): boolean {
  return status >= 200 && status < 300
}

function names({ inactiveTokens, unregisteredTokens }: ZeroPushAnswer): boolean {
  return inactiveTokens.length > 0 || unregisteredTokens.length > 0
}

function byError(answer: ZeroPushAnswer, context: AnswerContext): Outcome {
  const { status, error } = answer
  const byWord = error !== undefined && Object.hasOwn(BY_ERROR, error) ? BY_ERROR[error] : undefined
  const rule = byWord ?? BY_STATUS[status] ?? byClass(status)
  return { ...rule(answer, context), status, reason: reasonOf(answer) }
}

function byClass(status: number): Rule {
  // Redirects are never followed: our token would go to whoever is named there. The address is the operator's to correct.
  if (status >= 300 && status < 400) return blocked
  return status >= 400 && status < 500 ? rejected : serverFailure
}

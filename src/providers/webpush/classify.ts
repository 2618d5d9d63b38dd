import type { Outcome } from '../../domain/outcome.ts'
import { rejected, serverFailure, unregistered, waitForRegistration } from '../answer-rules.ts'
import { KEY_MISMATCH, type PushAnswer } from './answer.ts'

export interface PushAnswerContext {
  now: number
  /** The push service, as this credential sees it. */
  scope: string
  /**
   * A complaint about our credential may be believed: the service is one that operators care for, and has never taken a push
   * with it. Else it is about this one registration. Its path is a client's choice, and many a path is forbidden: one
   * must not stop the pushes of all others.
   */
  mayBlock: boolean
}

type Rule = (answer: PushAnswer, context: PushAnswerContext) => Outcome

const refused: Rule = (answer, context) =>
  context.mayBlock ? { kind: 'blocked', scope: context.scope } : serverFailure(answer)

/** The few words that say more than their status. */
const BY_REASON: Readonly<Record<string, Rule>> = {
  [KEY_MISMATCH]: () => ({ kind: 'misaddressed', fault: 'app' }),
  // Apple closes the connection; the next push takes another one.
  IdleTimeout: () => ({ kind: 'failed', pace: 'reconnect' }),
  // Apple answers these with 400 or 403.
  BadAuthorizationHeader: refused,
  BadJwtToken: refused,
  BadVapidPublicKey: refused,
}

const BY_STATUS: Readonly<Record<number, Rule>> = {
  400: rejected,
  401: refused,
  403: refused,
  404: unregistered,
  // Microsoft: "the cloud service exceeded its throttle limit" (WNS response codes).
  406: waitForRegistration,
  // A proxy of ours wants to know who we are.
  407: refused,
  408: serverFailure,
  410: unregistered,
  // The provider has shortened it before.
  413: rejected,
  // RFC 8030 §8.4: the limit is one "for push message delivery to a push resource".
  429: waitForRegistration,
}

/** Of the server failures: those of RFC 9110 §15.6, and ntfy's for a topic that nobody listens to. */
const KNOWN_FAILURES = [500, 502, 503, 504, 507]

/** Whether this status is one that push services document; else operators should hear of it. */
export function isKnownStatus(status: number): boolean {
  const isSuccess = status >= 200 && status < 300
  return isSuccess || KNOWN_FAILURES.includes(status) || Object.hasOwn(BY_STATUS, status)
}

/** The table from a push service's answer to an outcome (RFC 8030 §5, §7.3, §8.4). Pure; never throws. */
export function classify(answer: PushAnswer, context: PushAnswerContext): Outcome {
  const { status, reason } = answer
  if (status >= 200 && status < 300) return { kind: 'accepted', status }
  const byReason = Object.hasOwn(BY_REASON, reason) ? BY_REASON[reason] : undefined
  return { ...(byReason ?? BY_STATUS[status] ?? byClass(status))(answer, context), status, reason }
}

/** Redirects are never followed: they lead where nobody has looked. A push service does not send any, so its proxy is broken. */
function byClass(status: number): Rule {
  return status >= 400 && status < 500 ? rejected : serverFailure
}

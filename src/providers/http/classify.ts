import type { Outcome } from '../../domain/outcome.ts'
import { blocked, rejected, serverFailure, unregistered, waitForScope } from '../answer-rules.ts'

export interface HttpAnswer {
  status: number
  /** From `retry-after`. */
  retryAfterMs?: number
}

export interface HttpAnswerContext {
  now: number
  scope: string
}

type Rule = (answer: HttpAnswer, context: HttpAnswerContext) => Outcome

const accepted: Rule = () => ({ kind: 'accepted' })

/** What docs/providers/http.md promises to receivers. */
const BY_STATUS: Readonly<Record<number, Rule>> = {
  400: rejected,
  401: blocked,
  403: blocked,
  // Nothing is at our URL, or nothing that takes a POST of JSON: a slip that must cost neither messages nor registrations.
  404: blocked,
  405: blocked,
  // A proxy of ours wants to know who we are.
  407: blocked,
  // Our request was not read in time: it may be sent again.
  408: serverFailure,
  410: unregistered,
  413: rejected,
  415: blocked,
  422: rejected,
  429: waitForScope,
}

/** By the first digit. A redirect is not followed, since what was signed is for our URL: the operator has to correct it. */
const BY_CLASS: Readonly<Record<number, Rule>> = { 2: accepted, 3: blocked, 4: rejected }

export function isKnownStatus(status: number): boolean {
  return Object.hasOwn(BY_STATUS, status) || (status >= 200 && status < 300)
}

/** The table from the receiver's answer to an outcome: its status alone decides. */
export function classify(answer: HttpAnswer, context: HttpAnswerContext): Outcome {
  const { status } = answer
  const rule = BY_STATUS[status] ?? BY_CLASS[Math.floor(status / 100)] ?? serverFailure
  const outcome = rule(answer, context)
  return { ...outcome, status, ...(outcome.kind === 'accepted' ? {} : { reason: reasonOf(status) }) }
}

export function reasonOf(status: number): string {
  return `HTTP ${status}`
}

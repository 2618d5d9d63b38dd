import type { Outcome } from '../../domain/outcome.ts'
import { blocked, rejected, serverFailure, waitForScope } from '../answer-rules.ts'
import type { ProwlWord } from './answer.ts'

export interface ProwlAnswer {
  status: number
  /** Undefined: the answer is not Prowl's, or not readable. */
  word: ProwlWord | undefined
  /** From `retry-after`. Prowl sends none; a proxy may. */
  retryAfterMs?: number
}

export interface ProwlAnswerContext {
  now: number
  scope: string
  /** When a call makes sense again after Prowl's limit was hit; asked only then. */
  limitEndsAt(): number
}

type Rule = (answer: ProwlAnswer, context: ProwlAnswerContext) => Outcome

// A proxy's 401 is about us. Only Prowl's own word costs a key.
const deadKey: Rule = (answer, context) =>
  answer.word === undefined ? blocked(answer, context) : { kind: 'unregistered' }
const limited: Rule = (_, { scope, limitEndsAt }) => ({ kind: 'deferred', scope, untilMs: limitEndsAt() })

const perhapsTaken: Rule = () => ({ kind: 'failed', pace: 'unrecognised' })

/** The codes that `add` answers with, by its documentation (https://www.prowlapp.com/api.php). */
const BY_CODE: Readonly<Record<number, Rule>> = {
  400: rejected,
  401: deadKey,
  // "Method not allowed": the address is not one at which Prowl takes calls.
  405: blocked,
  406: limited,
  500: serverFailure,
}

/** What stands between us and Prowl, or what Prowl does not document. */
const BY_OTHER_STATUS: Readonly<Record<number, Rule>> = {
  403: blocked,
  404: blocked,
  407: blocked,
  408: serverFailure,
  425: serverFailure,
  429: waitForScope,
}

/** Whether Prowl said something that its documentation has. */
export function isKnownAnswer(answer: ProwlAnswer): boolean {
  return isAccepted(answer) || (answer.word !== undefined && Object.hasOwn(BY_CODE, codeOf(answer)))
}

/**
 * The table from Prowl's answer to an outcome. Accepted is only what Prowl itself calls a success: another page under
 * status 200 proves nothing, and the message is sent again. Pure but for `limitEndsAt`; never throws.
 */
export function classify(answer: ProwlAnswer, context: ProwlAnswerContext): Outcome {
  if (isAccepted(answer)) return { kind: 'accepted', status: answer.status }
  const code = codeOf(answer)
  const rule = BY_CODE[code] ?? BY_OTHER_STATUS[code] ?? byClass(code)
  return { ...rule(answer, context), status: code, reason: reasonOf(answer) }
}

function isAccepted({ status, word }: ProwlAnswer): boolean {
  return status >= 200 && status < 300 && word?.element === 'success'
}

/** Prowl says the code twice, as the status and in the element; something in between can change only the first. */
function codeOf({ status, word }: ProwlAnswer): number {
  return word?.element === 'error' && word.code !== undefined ? word.code : status
}

function byClass(code: number): Rule {
  // Redirects are never followed: a key would go to whoever is named there. The address is the operator's to correct.
  if (code >= 300 && code < 400) return blocked
  // Not Prowl's success, but somebody's: it may have been taken.
  if (code < 300) return perhapsTaken
  return code >= 400 && code < 500 ? rejected : serverFailure
}

/** A sentence of words of letters, none of them as long as a key. */
const SAFE_TEXT = /^(?=.{1,100}$)[A-Za-z]{1,20}(?:[,.]? [A-Za-z]{1,20})*\.?$/

/** Prowl's own text, else the code. */
export function reasonOf(answer: ProwlAnswer): string {
  const text = answer.word?.text
  return text !== undefined && SAFE_TEXT.test(text) ? text : `HTTP ${codeOf(answer)}`
}

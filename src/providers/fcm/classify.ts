import type { Outcome } from '../../domain/outcome.ts'
import { blocked, rejected, serverFailure, unregistered } from '../answer-rules.ts'
import type { FcmAnswer } from './answer.ts'

export interface FcmAnswerContext {
  now: number
  /** Of the project. */
  scope: string
}

type Rule = (answer: FcmAnswer, context: FcmAnswerContext) => Outcome

/** Google's own advice where it names no time: the quota is refilled every minute ("Scale FCM"). */
const QUOTA_PAUSE_MS = 60_000

const misaddressed: Rule = () => ({ kind: 'misaddressed', fault: 'app' })
const waitForProject: Rule = ({ retryAfterMs }, { now, scope }) => ({
  kind: 'deferred',
  scope,
  untilMs: now + (retryAfterMs ?? QUOTA_PAUSE_MS),
})

/**
 * One device's quota, unless the answer says that it was the project's: if everybody waited, whoever floods one phone
 * would silence all of them.
 */
const quotaExceeded: Rule = (answer, context) =>
  answer.isOfProject
    ? waitForProject(answer, context)
    : { kind: 'deferred', untilMs: context.now + (answer.retryAfterMs ?? QUOTA_PAUSE_MS) }

/**
 * Firebase holds no good credential for Apple or for browsers. The registration waits alone and keeps its token: phones
 * with Android, which need no such credential, must go on, and the token does not tell which it is.
 */
const waitForOthersCredential: Rule = () => ({ kind: 'deferred' })

/** Apple's words for a token that never was of this app; any other comes from a message that Apple did not like. */
const APNS_MISADDRESSED: readonly string[] = ['BadDeviceToken', 'DeviceTokenNotForTopic']
const APNS_DEAD: readonly string[] = ['Unregistered', 'ExpiredToken']

/**
 * A token that cannot be one is not a dead one: a client, a proxy or a slip of ours has spoilt it. So it counts against the
 * registration, which is suspended at the third time, and a wave of them is held against nobody.
 */
const invalidArgument: Rule = (answer, context) => {
  const { apnsReason = '', blamesToken } = answer
  if (APNS_DEAD.includes(apnsReason)) return unregistered()
  const isMisaddressed = blamesToken || APNS_MISADDRESSED.includes(apnsReason)
  return isMisaddressed ? misaddressed(answer, context) : rejected()
}

/** firebase.google.com, "FCM error codes"; the last one is THIRD_PARTY_AUTH_ERROR's former name. */
const BY_ERROR_CODE: Readonly<Record<string, Rule>> = {
  INVALID_ARGUMENT: invalidArgument,
  UNREGISTERED: unregistered,
  SENDER_ID_MISMATCH: misaddressed,
  QUOTA_EXCEEDED: quotaExceeded,
  UNAVAILABLE: serverFailure,
  INTERNAL: serverFailure,
  THIRD_PARTY_AUTH_ERROR: waitForOthersCredential,
  APNS_AUTH_ERROR: waitForOthersCredential,
}

/**
 * Google's canonical words (google/rpc/code.proto), where no FcmError says more. UNAUTHENTICATED comes here only after a
 * fresh access token was refused too. NOT_FOUND is then a project that does not exist, not a device that is gone.
 */
const BY_STATUS_WORD: Readonly<Record<string, Rule>> = {
  INVALID_ARGUMENT: invalidArgument,
  UNAUTHENTICATED: blocked,
  PERMISSION_DENIED: blocked,
  NOT_FOUND: blocked,
  RESOURCE_EXHAUSTED: waitForProject,
  INTERNAL: serverFailure,
  UNAVAILABLE: serverFailure,
  DEADLINE_EXCEEDED: serverFailure,
  // They come with a 4xx (409, 499), and yet the same message may be taken the next time.
  ABORTED: serverFailure,
  CANCELLED: serverFailure,
}

export function isKnownAnswer(answer: FcmAnswer): boolean {
  return answer.isAccepted || knownRule(answer) !== undefined
}

/** The table from Google's answer to an outcome. Pure; never throws, whatever the answer. */
export function classify(answer: FcmAnswer, context: FcmAnswerContext): Outcome {
  const { status, reason, isAccepted } = answer
  if (isAccepted) return { kind: 'accepted', status }
  const rule = knownRule(answer) ?? byStatus(status)
  return { ...rule(answer, context), status, reason }
}

function knownRule({ errorCode, statusWord }: FcmAnswer): Rule | undefined {
  return errorCode === undefined ? ruleFor(BY_STATUS_WORD, statusWord) : ruleFor(BY_ERROR_CODE, errorCode)
}

function ruleFor(table: Readonly<Record<string, Rule>>, word = ''): Rule | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined
}

/** Our credential, the address, or the proxy that stands there. */
const CONFIGURATION: readonly number[] = [401, 403, 404, 407]

/**
 * An answer that is not Google's. Neither a redirect (never followed: the access token would go along) nor a 404 says
 * anything about the message or the device: what we were told to call is not FCM. Whatever else is no 4xx may have been
 * taken or not, also a 200 without a message's name.
 */
function byStatus(status: number): Rule {
  if (status === 429) return waitForProject
  if (CONFIGURATION.includes(status) || (status >= 300 && status < 400)) return blocked
  if (status >= 400 && status < 500 && status !== 408) return rejected
  return serverFailure
}

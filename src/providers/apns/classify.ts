import type { Outcome } from '../../domain/outcome.ts'
import { rejected, serverFailure, waitForRegistration } from '../answer-rules.ts'

export interface ApnsAnswer {
  status: number
  /** Apple's word, verbatim; `HTTP <status>` when the body holds none (a proxy, an empty body). */
  reason: string
  /** Milliseconds since 1970, only with 410: the last moment at which Apple knew the token to be dead. */
  timestamp?: number
  /** From `retry-after`. Apple does not document it; a proxy may send it. */
  retryAfterMs?: number
}

export interface ApnsAnswerContext {
  now: number
  /** Credential and environment. */
  credentialScope: string
  /** The same, and the topic. */
  topicScope: string
  /**
   * The environment is only the client's word and no push there has ever succeeded, so that a complaint about the
   * environment is that registration's fault and must not stop the others.
   */
  environmentIsDoubtful: boolean
}

type Rule = (answer: ApnsAnswer, context: ApnsAnswerContext) => Outcome

const blockedCredential: Rule = (_, { credentialScope }) => ({ kind: 'blocked', scope: credentialScope })
const blockedTopic: Rule = (_, { topicScope }) => ({ kind: 'blocked', scope: topicScope })
const wrongEnvironment: Rule = (answer, context) =>
  context.environmentIsDoubtful
    ? { kind: 'misaddressed', fault: 'environment' }
    : blockedCredential(answer, context)
// Apple's timestamp is in milliseconds (RESP page); without one the caller takes the time of sending.
const unregistered: Rule = ({ timestamp }) => ({
  kind: 'unregistered',
  ...(timestamp === undefined ? {} : { since: timestamp }),
})
const reconnect: Rule = () => ({ kind: 'failed', pace: 'reconnect' })

/** Apple asks for at least 20 minutes between provider tokens; ours is kept, so a few minutes are enough. */
const PROVIDER_TOKEN_PAUSE_MS = 5 * 60_000
const waitForCredential: Rule = ({ retryAfterMs }, { now, credentialScope }) => ({
  kind: 'deferred',
  scope: credentialScope,
  untilMs: now + (retryAfterMs ?? PROVIDER_TOKEN_PAUSE_MS),
})

/**
 * Every reason of Apple's "Handling notification responses from APNs", and two spellings seen on the wire only. The key
 * is the reason alone: Apple uses each with one status, and a proxy may change the status but not invent the word.
 */
const BY_REASON: Readonly<Record<string, Rule>> = {
  BadCollapseId: rejected,
  BadDeviceToken: () => ({ kind: 'misaddressed', fault: 'environment' }),
  BadExpirationDate: rejected,
  BadMessageId: rejected,
  BadPriority: rejected,
  BadTopic: blockedTopic,
  DeviceTokenNotForTopic: () => ({ kind: 'misaddressed', fault: 'app' }),
  DuplicateHeaders: rejected,
  IdleTimeout: reconnect,
  InvalidPushType: rejected,
  MissingDeviceToken: rejected,
  MissingTopic: blockedTopic,
  PayloadEmpty: rejected,
  TopicDisallowed: blockedTopic,
  BadCertificate: blockedCredential,
  BadCertificateEnvironment: wrongEnvironment,
  // The provider has looked first whether a fresh token or a fresh connection mends these two.
  ExpiredProviderToken: blockedCredential,
  UnrelatedKeyIdInToken: blockedCredential,
  Forbidden: blockedCredential,
  InvalidProviderToken: blockedCredential,
  MissingProviderToken: blockedCredential,
  BadEnvironmentKeyIdInToken: wrongEnvironment,
  // On the wire it is spelled without "Id" (kylebrowning/APNSwift pull request 229).
  BadEnvironmentKeyInToken: wrongEnvironment,
  BadPath: rejected,
  MethodNotAllowed: rejected,
  ExpiredToken: unregistered,
  Unregistered: unregistered,
  PayloadTooLarge: rejected,
  TooManyProviderTokenUpdates: waitForCredential,
  TooManyRequests: waitForRegistration,
  InternalServerError: serverFailure,
  ServiceUnavailable: serverFailure,
  Shutdown: reconnect,
}

export function isKnownReason(reason: string): boolean {
  return Object.hasOwn(BY_REASON, reason)
}

/** The table from Apple's answer to an outcome. Pure; never throws, whatever the answer. */
export function classify(answer: ApnsAnswer, context: ApnsAnswerContext): Outcome {
  if (answer.status === 200) return { kind: 'accepted', status: 200 }
  const rule = isKnownReason(answer.reason) ? BY_REASON[answer.reason] : undefined
  const outcome = (rule ?? byStatus(answer.status))(answer, context)
  return { ...outcome, status: answer.status, reason: answer.reason }
}

function byStatus(status: number): Rule {
  // Apple uses only 403; the others are a proxy's, which wants to know who we are.
  if (status === 401 || status === 403 || status === 407) return blockedCredential
  if (status === 429) return waitForRegistration
  if (status >= 400 && status < 500 && status !== 408) return rejected
  return serverFailure
}

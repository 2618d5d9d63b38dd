import type { LookupFunction } from 'node:net'
import type { Notification } from '../../domain/notification.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { Registration, RegistrationRules } from '../../domain/registration.ts'
import type { Http1Result } from '../../http1/http1-client.ts'
import type { Provider, ProviderHealth, ProviderOffer, Push } from '../provider.ts'
import type { ProviderParts } from '../provider-definition.ts'
import { type PushAnswer, readAnswer } from './answer.ts'
import { createCheckedLookup } from './checked-lookup.ts'
import { classify, isKnownStatus } from './classify.ts'
import { encryptFor, plaintextBytes } from './encryption.ts'
import { checkEndpoint, type Endpoint } from './endpoint.ts'
import { encodePayload, topicOf } from './payload.ts'
import { connectionsTo, isTrusted, type PushService, PushServices } from './push-services.ts'
import { createRegistrationRules, ENVIRONMENT } from './registration-rules.ts'
import { fromToken, hostOf, type SubscriptionKeys } from './subscription.ts'
import type { WebPushConfig } from './webpush-config.ts'

export interface WebPushOptions extends WebPushConfig, Omit<ProviderParts, 'secrets'> {
  /** Finds addresses for strangers; a test brings its own. */
  lookup?: LookupFunction
}

export function createWebPushProvider(options: WebPushOptions): Provider {
  return new WebPushProvider(options)
}

/** What a body is shortened to after a 413: Firefox on Android gets its messages through FCM (Autopush, 2744 octets). */
const SHORT_BODY_BYTES = 2744
/** FCM keeps web pushes for 28 days at most, and refuses longer wishes. */
const MAX_TTL_SECONDS = 28 * 86_400

/** Where a push goes. */
interface Target {
  endpoint: Endpoint
  keys: SubscriptionKeys
  service: PushService
}

interface RealAnswer {
  answer: PushAnswer
  bodyBytes: number
}

type Answered = RealAnswer | { outcome: Outcome }

class WebPushProvider implements Provider {
  readonly name = 'webpush'
  readonly rules: RegistrationRules
  readonly offer: ProviderOffer
  readonly remembersProof = true
  readonly #options: WebPushOptions
  readonly #services: PushServices
  /** By longest length: the same notification goes to all browsers of a recipient, each with a key of its own. */
  readonly #payloads = new Map<number, WeakMap<Notification, Buffer>>()

  constructor(options: WebPushOptions) {
    this.#options = options
    const { keys, subject, allowedOrigins, ca, clock, report } = options
    this.rules = createRegistrationRules({ app: keys.id, allowedOrigins })
    this.offer = { apps: [keys.id], environments: [ENVIRONMENT], vapidPublicKey: keys.publicKey }
    this.#services = new PushServices({
      ...{ allowedOrigins, ca, report },
      signer: { keys, subject, clock },
      lookup: options.lookup ?? createCheckedLookup(),
      scopeOf: host => scopeOf(keys.id, host),
    })
  }

  /** Each push service pauses alone. */
  scopesOf({ app, token }: Registration): readonly [string] {
    return [scopeOf(app, hostOf(token))]
  }

  capacity(scope: string): number {
    return connectionsTo(this.concernsOperators(scope))
  }

  concernsOperators(scope: string): boolean {
    const host = scope.slice(scope.lastIndexOf('/') + 1)
    return isTrusted(host, this.#options.allowedOrigins)
  }

  /** It never changes. */
  onCapacity(): void {}

  otherEnvironment(): undefined {
    return undefined
  }

  async send(push: Push): Promise<Outcome> {
    const { keys, allowedOrigins } = this.#options
    // The browser would refuse it (RFC 8292 §4.2), and only the app can make another subscription.
    if (push.registration.app !== keys.id) return misfit('vapid-key-changed')
    const subscription = fromToken(push.registration.token)
    if (!subscription) return misfit('no-subscription')
    const checked = checkEndpoint(subscription.endpoint, allowedOrigins)
    // What is allowed may have changed since it was registered.
    if (!checked.ok) return misfit('endpoint-not-allowed')
    const service = this.#services.lend(checked.endpoint)
    if (!service) return this.#withoutService(push.registration)
    try {
      return await this.#sendTo({ endpoint: checked.endpoint, keys: subscription.keys, service }, push)
    } finally {
      this.#services.giveBack(service)
    }
  }

  health(): ProviderHealth {
    return { connection: this.#services.connection(), simulated: false }
  }

  close(): Promise<void> {
    return this.#services.close()
  }

  #withoutService(registration: Registration): Outcome {
    if (!this.#services.isClosed) return { kind: 'deferred', reason: 'too-many-push-services' }
    const [scope] = this.scopesOf(registration)
    return { kind: 'unsent', scope, retryNow: false, reason: 'closing' }
  }

  async #sendTo(target: Target, push: Push): Promise<Outcome> {
    const { service } = target
    const first = await this.#attempt(target, push, service.maxBodyBytes)
    if (!isTooLong(first) || first.bodyBytes <= SHORT_BODY_BYTES) return this.#conclude(first, target, push)
    const second = await this.#attempt(target, push, SHORT_BODY_BYTES)
    // It does not know which of its messages go over a bridge, so it tells us by refusing; once is enough.
    if (!isTooLong(second)) service.maxBodyBytes = SHORT_BODY_BYTES
    return this.#conclude(second, target, push)
  }

  async #attempt(target: Target, push: Push, maxBodyBytes: number): Promise<Answered> {
    const { endpoint, keys, service } = target
    const { clock } = this.#options
    const plaintext = this.#payloadFor(push.notification, plaintextBytes(maxBodyBytes))
    const headers = { ...headersOf(push, clock.now()), authorization: await service.token.header() }
    const body = encryptFor(keys, plaintext, maxBodyBytes)
    const result = await service.client.request({ method: 'POST', path: endpoint.path, headers, body })
    if (result.kind !== 'response') {
      return {
        outcome: withoutAnswer(result, scopeOf(this.#options.keys.id, service.host), service.isTrusted),
      }
    }
    const answer = readAnswer(result, service.isTrusted, clock.now())
    if (service.isTrusted && !isKnownStatus(answer.status)) {
      this.#options.report.unknownReason(answer.status, answer.reason)
    }
    return { answer, bodyBytes: body.length }
  }

  #conclude(answered: Answered, { service }: Target, { registration, scopeProven }: Push): Outcome {
    if ('outcome' in answered) return answered.outcome
    const [scope] = this.scopesOf(registration)
    const mayBlock = service.isTrusted && !scopeProven
    return classify(answered.answer, { now: this.#options.clock.now(), scope, mayBlock })
  }

  #payloadFor(notification: Notification, maxBytes: number): Buffer {
    const known = this.#payloads.get(maxBytes) ?? new WeakMap<Notification, Buffer>()
    this.#payloads.set(maxBytes, known)
    const payload = known.get(notification) ?? encodePayload(notification, maxBytes)
    known.set(notification, payload)
    return payload
  }
}

function scopeOf(app: string, host: string): string {
  return `webpush/${app}/${host}`
}

function misfit(reason: string): Outcome {
  return { kind: 'misaddressed', fault: 'app', reason }
}

function isTooLong(answered: Answered): answered is RealAnswer {
  return 'answer' in answered && answered.answer.status === 413
}

/** RFC 8030 §5. `high` wakes a phone at once, and Safari needs it to show anything soon. */
function headersOf({ expiresAt, notification }: Push, now: number): Record<string, string> {
  const ttlSeconds = Math.min(Math.max(Math.floor((expiresAt - now) / 1000), 0), MAX_TTL_SECONDS)
  return {
    ttl: String(ttlSeconds),
    urgency: 'high',
    topic: topicOf(notification),
    'content-encoding': 'aes128gcm',
    'content-type': 'application/octet-stream',
  }
}

/**
 * Of a stranger it is not told why it could not be reached: whoever registered it would learn about our network, such as
 * which names resolve to private addresses. Those that do are waited for like the ones that are down, and never sent to:
 * a name server may be wrong for an hour, and whoever runs it must not be able to end a registration.
 */
function withoutAnswer(
  result: Exclude<Http1Result, { kind: 'response' }>,
  scope: string,
  isTrustedService: boolean,
): Outcome {
  if (result.kind === 'not-processed') {
    const reason = isTrustedService ? result.reason : 'unreachable'
    return { kind: 'unsent', scope, retryNow: !result.isUnreachable, reason }
  }
  // Accepted is accepted, even if the end of the body never came.
  const { status = 0 } = result
  if (status >= 200 && status < 300) return { kind: 'accepted', status }
  return { kind: 'failed', pace: 'transport', reason: isTrustedService ? result.reason : 'no-answer' }
}

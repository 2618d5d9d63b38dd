import { EventEmitter } from 'node:events'
import type { Notification } from '../../domain/notification.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { Registration } from '../../domain/registration.ts'
import { createHttp1Client } from '../../http1/create-http1-client.ts'
import type { Http1Client } from '../../http1/http1-client.ts'
import type { Http2Client, RequestResult } from '../../http2/http2-client.ts'
import { createHttp2Client } from '../../http2/pool.ts'
import type { Provider, ProviderHealth, ProviderOffer, Push } from '../provider.ts'
import type { ProviderParts } from '../provider-definition.ts'
import { type Access, AccessTokens } from './access-tokens.ts'
import { type FcmAnswer, readAnswer } from './answer.ts'
import { classify, isKnownAnswer } from './classify.ts'
import { encodeDirect } from './direct-payload.ts'
import type { FcmConfig } from './fcm-config.ts'
import { type EncodedPayload, encodePayload, encodeRequest, timeToLive } from './payload.ts'
import { createFcmRegistrationRules, ENVIRONMENT } from './registration-rules.ts'
import { createTokenEndpoint, type TokenFailure } from './token-endpoint.ts'

const GOOGLE_ORIGIN = 'https://fcm.googleapis.com'

/**
 * Google allows about 100 streams a connection and breaks with who opens more (firebase/firebase-admin-node issue 2943);
 * it gives an idle connection up after some three minutes (firebase/firebase-admin-java issue 1028), so we do it first; and it takes
 * many PINGs for an attack (codedge-llc/pigeon issue 81).
 */
const LIMITS = { connections: 8, streams: 100, idleMs: 150_000, pingMs: 300_000 }

/** Where the token endpoint names no time. */
const THROTTLED_MS = 60_000

export function createFcmProvider(config: FcmConfig, parts: ProviderParts): Provider {
  return new FcmProvider(config, parts)
}

class FcmProvider implements Provider {
  readonly name = 'fcm'
  readonly rules
  readonly offer: ProviderOffer
  readonly remembersProof = false
  readonly #config: FcmConfig
  readonly #parts: ProviderParts
  readonly #scope: string
  readonly #path: string
  readonly #client: Http2Client
  readonly #tokenClient: Http1Client
  readonly #tokens: AccessTokens
  readonly #capacity = new EventEmitter<{ grown: [] }>()
  /** The same notification goes to all devices of a recipient: its text is encoded, and cut, once. */
  readonly #payloads = new WeakMap<Notification, EncodedPayload>()
  #headers: { accessToken: string; fields: Readonly<Record<string, string>> } | undefined

  constructor(config: FcmConfig, parts: ProviderParts) {
    const { account, url, ca } = config
    const { clock, report, secrets } = parts
    this.#config = config
    this.#parts = parts
    this.#scope = scopeOf(account.projectId)
    this.#path = `/v1/projects/${account.projectId}/messages:send`
    this.rules = createFcmRegistrationRules(account.projectId)
    this.offer = { apps: [account.projectId], environments: [ENVIRONMENT] }
    this.#client = createHttp2Client({
      origin: url ?? GOOGLE_ORIGIN,
      tls: { ca },
      clock,
      limits: LIMITS,
      onConnection: (state, reason) => report.connection(this.#scope, state, reason),
      onCapacity: () => this.#capacity.emit('grown'),
    })
    this.#tokenClient = createHttp1Client({
      origin: new URL(account.tokenUri).origin,
      tls: { ca },
      clock,
      onConnection: (state, reason) => report.connection(`${this.#scope}/token`, state, reason),
    })
    const fetchToken = createTokenEndpoint({ account, client: this.#tokenClient, clock })
    this.#tokens = new AccessTokens({ account, fetchToken, secrets, clock })
  }

  /** By the app that it names: one of a project that is no longer ours waits apart. */
  scopesOf({ app }: Registration): readonly [string] {
    return [app === this.#config.account.projectId ? this.#scope : scopeOf(app)]
  }

  capacity(): number {
    return this.#client.capacity()
  }

  onCapacity(listener: (scope: string) => void): void {
    this.#capacity.on('grown', () => listener(this.#scope))
  }

  otherEnvironment(): undefined {
    return undefined
  }

  async send(push: Push): Promise<Outcome> {
    const [scope] = this.scopesOf(push.registration)
    // A registration can outlive the configuration that allowed its project.
    if (scope !== this.#scope) return { kind: 'blocked', scope, reason: 'app-not-configured' }
    const current = this.#tokens.current()
    const access = current instanceof Promise ? await current : current
    if (!access.ok) return this.#withoutAccess(access.failure)
    const result = await this.#client.request({
      method: 'POST',
      path: this.#path,
      headers: this.#headersFor(access.accessToken),
      uniqueHeaders: {},
      body: this.#bodyOf(push),
    })
    if (result.kind !== 'response') return withoutAnswer(result, scope)
    return this.#judge(readAnswer(result, this.#parts.clock.now()), access)
  }

  health(): ProviderHealth {
    return { connection: this.#connection(), simulated: false }
  }

  async close(): Promise<void> {
    await this.#tokens.close()
    await Promise.all([this.#client.close(), this.#tokenClient.close()])
  }

  /** Without an access token no connection is tried, so what keeps us from one is what keeps us from FCM. */
  #connection(): ProviderHealth['connection'] {
    const state = this.#client.state()
    return state === 'idle' && this.#tokenClient.state() === 'down' ? 'down' : state
  }

  #judge(answer: FcmAnswer, access: Access & { ok: true }): Outcome {
    const { status, reason, errorCode } = answer
    // Our access token, unless it is a credential that Firebase holds: those have an FcmError.
    if (status === 401 && errorCode === undefined && this.#tokens.renewRefused(access.accessToken)) {
      return { kind: 'failed', pace: 'reconnect', status, reason }
    }
    if (!isKnownAnswer(answer)) this.#parts.report.unknownReason(status, reason)
    return classify(answer, { now: this.#parts.clock.now(), scope: this.#scope })
  }

  /** Nothing was handed over. */
  #withoutAccess({ kind, reason, status, retryAfterMs = THROTTLED_MS, isUnknown }: TokenFailure): Outcome {
    const { clock, report } = this.#parts
    const scope = this.#scope
    if (isUnknown && status !== undefined) report.unknownReason(status, reason)
    const said = { scope, reason, ...(status === undefined ? {} : { status }) }
    if (kind === 'refused') return { kind: 'blocked', ...said }
    if (kind === 'unavailable') return { kind: 'unsent', retryNow: false, ...said }
    return { kind: 'deferred', untilMs: clock.now() + retryAfterMs, ...said }
  }

  #bodyOf({ registration, notification, expiresAt }: Push): Buffer {
    let payload = this.#payloads.get(notification)
    if (payload === undefined) {
      const { direct } = notification
      const kind = this.#config.payload
      payload = direct ? encodeDirect(notification, direct, kind) : encodePayload(notification, kind)
      this.#payloads.set(notification, payload)
    }
    return encodeRequest(registration.token, timeToLive(expiresAt, this.#parts.clock.now()), payload)
  }

  /** The same object while nothing changes, so that the engine need not look at its values again. */
  #headersFor(accessToken: string): Readonly<Record<string, string>> {
    if (this.#headers?.accessToken !== accessToken) {
      const fields = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' }
      this.#headers = { accessToken, fields }
    }
    return this.#headers.fields
  }
}

function scopeOf(projectId: string): string {
  return `fcm/${projectId}/${ENVIRONMENT}`
}

/** Also a 200 whose body never came may have been for nothing: sent again, it takes the place of the first on the phone. */
function withoutAnswer(result: Exclude<RequestResult, { kind: 'response' }>, scope: string): Outcome {
  const { reason } = result
  if (result.kind === 'unknown') return { kind: 'failed', pace: 'transport', reason }
  const retryNow = !result.isUnreachable
  const isPaced = retryNow && !result.isRefused
  return { kind: 'unsent', scope, retryNow, ...(isPaced && { isPaced: true }), reason }
}

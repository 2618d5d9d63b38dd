import { EventEmitter } from 'node:events'
import type { Notification } from '../../domain/notification.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { Registration } from '../../domain/registration.ts'
import type {
  ConnectionHandle,
  Http2Client,
  RequestResult,
  ResponseResult,
} from '../../http2/http2-client.ts'
import { createHttp2Client, FIRST_CAPACITY } from '../../http2/pool.ts'
import type { Provider, ProviderHealth, Push } from '../provider.ts'
import type { ProviderParts } from '../provider-definition.ts'
import { parseRetryAfter } from '../retry-after.ts'
import type { ApnsCredentials } from './apns-config.ts'
import { type ApnsAnswer, classify, isKnownReason } from './classify.ts'
import { encodePayload } from './payload.ts'
import { ProviderTokenSource } from './provider-token.ts'
import { createApnsRegistrationRules } from './registration-rules.ts'

export interface ApnsProviderOptions extends ProviderParts {
  credentials: ApnsCredentials
  topics: readonly [string, ...string[]]
  defaultEnvironment: string
  /** Origin of each environment that registrations may name, without a path. */
  origins: Readonly<Record<string, string>>
  ca: string | undefined
  simulated: boolean
}

/** Where Apple listens (SEND page). */
export const APPLE_ORIGINS = {
  production: 'https://api.push.apple.com',
  sandbox: 'https://api.sandbox.push.apple.com',
} as const

export function createApnsProvider(options: ApnsProviderOptions): Provider {
  return new ApnsProvider(options)
}

class ApnsProvider implements Provider {
  readonly name = 'apns'
  readonly rules
  readonly offer
  readonly remembersProof = true
  readonly #options: ApnsProviderOptions
  readonly #token: ProviderTokenSource | undefined
  /** By scope: credential and environment. */
  readonly #clients = new Map<string, Http2Client>()
  readonly #capacity = new EventEmitter<{ grown: [scope: string] }>()
  readonly #headers = new Map<string, ConstantHeaders>()
  readonly #scopes = new Map<string, readonly [string, string]>()
  /** The same notification goes to all devices of a recipient: its text is encoded, and cut, once. */
  readonly #payloads = new WeakMap<Notification, Buffer>()
  /** By scope, the connection that was replaced because of UnrelatedKeyIdInToken; a second one is our configuration. */
  readonly #replaced = new Map<string, ConnectionHandle>()

  constructor(options: ApnsProviderOptions) {
    this.#options = options
    const { credentials } = options
    if (credentials.kind === 'token') {
      this.#token = new ProviderTokenSource(credentials, options.secrets, options.clock)
    }
    const environments = Object.keys(options.origins)
    const { topics, defaultEnvironment } = options
    this.rules = createApnsRegistrationRules({ topics, environments, defaultEnvironment })
    this.offer = { apps: topics, environments }
  }

  scopesOf(registration: Registration): readonly [string, string] {
    const { environment, app } = registration
    const key = `${environment}/${app}`
    const known = this.#scopes.get(key)
    if (known) return known
    const { credentials } = this.#options
    const credential = credentials.kind === 'token' ? credentials.keyId : 'certificate'
    const scope = `apns/${credential}/${environment}`
    const scopes = [scope, `${scope}/${app}`] as const
    this.#scopes.set(key, scopes)
    return scopes
  }

  capacity(scope: string): number {
    return this.#clients.get(scope)?.capacity() ?? FIRST_CAPACITY
  }

  onCapacity(listener: (scope: string) => void): void {
    this.#capacity.on('grown', listener)
  }

  otherEnvironment(registration: Registration): string | undefined {
    const { origins } = this.#options
    const own = origins[registration.environment]
    return Object.keys(origins).find(name => name !== registration.environment && origins[name] !== own)
  }

  async send(push: Push): Promise<Outcome> {
    const { registration, notification } = push
    const [credentialScope] = this.scopesOf(registration)
    const client = this.#clientFor(registration.environment, credentialScope)
    // A registration can outlive the configuration that allowed its environment.
    if (!client) return { kind: 'blocked', scope: credentialScope, reason: 'environment-not-configured' }
    const jwt = this.#token && (await this.#token.current())
    const result = await client.request({
      method: 'POST',
      path: `/3/device/${registration.token}`,
      headers: this.#headersFor(registration.app, jwt, notification.direct?.isSilent === true),
      uniqueHeaders: uniqueHeaders(push),
      body: this.#payloadFor(notification),
    })
    if (result.kind === 'response')
      return this.#classify(readAnswer(result, this.#options.clock.now()), push, {
        jwt,
        connection: result.connection,
      })
    return withoutAnswer(result, credentialScope)
  }

  health(): ProviderHealth {
    const states = [...this.#clients.values()].map(client => client.state())
    const connection = states.includes('down') ? 'down' : states.includes('ready') ? 'ready' : 'idle'
    return { connection, simulated: this.#options.simulated }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map(client => client.close()))
  }

  #classify(answer: ApnsAnswer, push: Push, via: AnsweredVia): Outcome {
    const { registration } = push
    const [credentialScope, topicScope] = this.scopesOf(registration)
    const mended = this.#mendCredential(answer, credentialScope, via)
    if (mended) return mended
    if (answer.status === 200) this.#replaced.delete(credentialScope)
    else if (!isKnownReason(answer.reason)) {
      this.#options.report.unknownReason(answer.status, answer.reason)
    }
    // Apple is about to close, or has broken with this connection: the next push takes a new one.
    if (answer.reason === 'Shutdown' || answer.reason === 'IdleTimeout') via.connection.retire()
    return classify(answer, {
      now: this.#options.clock.now(),
      credentialScope,
      topicScope,
      environmentIsDoubtful: registration.environmentSource === 'client' && !push.scopeProven,
    })
  }

  /** Two complaints about our token that we can mend ourselves, once: the message is sent again at once. */
  #mendCredential(answer: ApnsAnswer, scope: string, via: AnsweredVia): Outcome | undefined {
    const { status, reason } = answer
    const again = { kind: 'failed', pace: 'reconnect', status, reason } as const
    if (reason === 'ExpiredProviderToken' && via.jwt !== undefined && this.#token?.renewExpired(via.jwt))
      return again
    if (reason !== 'UnrelatedKeyIdInToken') return undefined
    const replaced = this.#replaced.get(scope) ?? via.connection
    if (replaced !== via.connection) return undefined
    this.#replaced.set(scope, replaced)
    replaced.retire()
    return again
  }

  #payloadFor(notification: Notification): Buffer {
    const known = this.#payloads.get(notification)
    if (known) return known
    const payload = encodePayload(notification)
    this.#payloads.set(notification, payload)
    return payload
  }

  /** The same object while nothing changes, so that the engine need not look at its values again. */
  #headersFor(app: string, jwt: string | undefined, isSilent: boolean): Readonly<Record<string, string>> {
    const key = isSilent ? `${app} silent` : app
    const known = this.#headers.get(key)
    if (known?.jwt === jwt && known) return known.headers
    const headers = {
      ...(jwt === undefined ? {} : { authorization: `bearer ${jwt}` }),
      'apns-push-type': isSilent ? 'background' : 'alert',
      'apns-topic': app,
      // Apple refuses a higher one for what nobody sees (SEND page, apns-priority).
      'apns-priority': isSilent ? '5' : '10',
    }
    this.#headers.set(key, { jwt, headers })
    return headers
  }

  #clientFor(environment: string, scope: string): Http2Client | undefined {
    const known = this.#clients.get(scope)
    if (known) return known
    const { origins, credentials, ca, report, clock } = this.#options
    const origin = origins[environment]
    if (origin === undefined) return undefined
    const client = createHttp2Client({
      origin,
      tls: {
        ca,
        ...(credentials.kind === 'certificate'
          ? { cert: credentials.certificate, key: credentials.privateKey }
          : {}),
      },
      clock,
      onConnection: (state, reason) => report.connection(scope, state, reason),
      onCapacity: () => this.#capacity.emit('grown', scope),
    })
    this.#clients.set(scope, client)
    return client
  }
}

interface ConstantHeaders {
  jwt: string | undefined
  headers: Readonly<Record<string, string>>
}

interface AnsweredVia {
  jwt: string | undefined
  connection: ConnectionHandle
}

function uniqueHeaders({ deliveryId, expiresAt, notification }: Push): Record<string, string> {
  return {
    'apns-id': deliveryId,
    'apns-expiration': String(Math.floor(expiresAt / 1000)),
    'apns-collapse-id': notification.collapseId,
  }
}

function withoutAnswer(result: Exclude<RequestResult, { kind: 'response' }>, scope: string): Outcome {
  const { reason } = result
  if (result.kind === 'not-processed') {
    const retryNow = !result.isUnreachable
    return {
      kind: 'unsent',
      scope,
      retryNow,
      ...(retryNow && !result.isRefused && { isPaced: true }),
      reason,
    }
  }
  // Accepted is accepted, even if the end of the empty body never came.
  if (result.status === 200) return { kind: 'accepted', status: 200 }
  return { kind: 'failed', pace: 'transport', reason }
}

function readAnswer(result: ResponseResult, now: number): ApnsAnswer {
  const { reason, timestamp } = result.status === 200 ? {} : readBody(result.body.toString())
  const retryAfterMs = parseRetryAfter(result.headers['retry-after'], now)
  return {
    status: result.status,
    reason: typeof reason === 'string' && /^[A-Za-z]{1,64}$/.test(reason) ? reason : `HTTP ${result.status}`,
    ...(typeof timestamp === 'number' && Number.isFinite(timestamp) ? { timestamp } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

function readBody(body: string): { reason?: unknown; timestamp?: unknown } {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    // A proxy's page, or nothing: the status decides.
    return {}
  }
}

import type { Clock } from '../../domain/clock.ts'
import type { Notification } from '../../domain/notification.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { Registration } from '../../domain/registration.ts'
import type { Provider, ProviderHealth, Push } from '../provider.ts'
import { type ApnsAnswer, classify, isKnownReason } from './classify.ts'
import { encodePayload } from './payload.ts'
import { ProviderTokenSource, type SecretStore, type TokenCredentials } from './provider-token.ts'
import { createApnsRegistrationRules } from './registration-rules.ts'
import type { Wire, WireConnection, WireHeaders, WireOptions, WireResult } from './wire.ts'

export interface ApnsProviderOptions {
  credentials:
    | ({ kind: 'token' } & TokenCredentials)
    | { kind: 'certificate'; certificate: string; privateKey: string }
  topics: readonly [string, ...string[]]
  defaultEnvironment: string
  /** Origin of each environment that registrations may name, without a path. */
  origins: Readonly<Record<string, string>>
  ca: string | undefined
  simulated: boolean
  secrets: SecretStore
  clock: Clock
  report: ApnsReport
  createWire(options: WireOptions): Wire
}

/** What operators should hear of; app.ts turns it into events. */
export interface ApnsReport {
  /** Apple used a word that our table does not have. */
  unknownReason(status: number, reason: string): void
  connection(scope: string, state: 'connected' | 'closed' | 'failed', reason: string | undefined): void
}

/** Where Apple listens (SEND page). */
export const APPLE_ORIGINS = {
  production: 'https://api.push.apple.com',
  sandbox: 'https://api.sandbox.push.apple.com',
} as const

const CONCURRENCY = 1000

export function createApnsProvider(options: ApnsProviderOptions): Provider {
  return new ApnsProvider(options)
}

class ApnsProvider implements Provider {
  readonly name = 'apns'
  readonly concurrency = CONCURRENCY
  readonly rules
  readonly #options: ApnsProviderOptions
  readonly #token: ProviderTokenSource | undefined
  readonly #wires = new Map<string, Wire>()
  readonly #scopes = new Map<string, readonly [string, string]>()
  /** The same notification goes to all devices of a recipient: its text is encoded, and cut, once. */
  readonly #payloads = new WeakMap<Notification, Buffer>()
  /** By scope, the connection that was replaced because of UnrelatedKeyIdInToken; a second one is our configuration. */
  readonly #replaced = new Map<string, WireConnection>()

  constructor(options: ApnsProviderOptions) {
    this.#options = options
    const { credentials } = options
    if (credentials.kind === 'token') {
      this.#token = new ProviderTokenSource(credentials, options.secrets, options.clock)
    }
    this.rules = createApnsRegistrationRules({
      topics: options.topics,
      environments: Object.keys(options.origins),
      defaultEnvironment: options.defaultEnvironment,
    })
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

  otherEnvironment(registration: Registration): string | undefined {
    const { origins } = this.#options
    const own = origins[registration.environment]
    return Object.keys(origins).find(name => name !== registration.environment && origins[name] !== own)
  }

  async send(push: Push): Promise<Outcome> {
    const [credentialScope] = this.scopesOf(push.registration)
    const wire = this.#wireFor(push.registration.environment, credentialScope)
    // A registration can outlive the configuration that allowed its environment.
    if (!wire) return { kind: 'blocked', scope: credentialScope, reason: 'environment-not-configured' }
    const jwt = this.#token && (await this.#token.current())
    const result = await wire.request(headersFor(push, jwt), this.#payloadFor(push.notification))
    if (result.kind !== 'response') return noAnswer(result, credentialScope)
    return this.#classify(readAnswer(result), push, { jwt, connection: result.connection })
  }

  health(): ProviderHealth {
    const states = [...this.#wires.values()].map(wire => wire.state())
    const connection = states.includes('down') ? 'down' : states.includes('ready') ? 'ready' : 'idle'
    return { connection, simulated: this.#options.simulated }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#wires.values()].map(wire => wire.close()))
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

  #wireFor(environment: string, scope: string): Wire | undefined {
    const known = this.#wires.get(environment)
    if (known) return known
    const { origins, credentials, ca, report, createWire } = this.#options
    const origin = origins[environment]
    if (origin === undefined) return undefined
    const wire = createWire({
      origin,
      ca,
      certificate:
        credentials.kind === 'certificate'
          ? { cert: credentials.certificate, key: credentials.privateKey }
          : undefined,
      onConnection: (state, reason) => report.connection(scope, state, reason),
    })
    this.#wires.set(environment, wire)
    return wire
  }
}

interface AnsweredVia {
  jwt: string | undefined
  connection: WireConnection
}

function headersFor(push: Push, jwt: string | undefined): WireHeaders {
  const { registration, notification } = push
  return {
    ':method': 'POST',
    ':path': `/3/device/${registration.token}`,
    ...(jwt === undefined ? {} : { authorization: `bearer ${jwt}` }),
    'apns-push-type': 'alert',
    'apns-topic': registration.app,
    'apns-id': push.deliveryId,
    'apns-expiration': String(Math.floor(push.expiresAt / 1000)),
    'apns-priority': '10',
    'apns-collapse-id': notification.collapseId,
  }
}

function noAnswer(result: Exclude<WireResult, { kind: 'response' }>, scope: string): Outcome {
  const { reason } = result
  if (result.kind === 'not-processed') return { kind: 'unsent', scope, retryNow: !result.unreachable, reason }
  return { kind: 'failed', pace: 'transport', reason }
}

function readAnswer(result: Extract<WireResult, { kind: 'response' }>): ApnsAnswer {
  const { reason, timestamp } = result.status === 200 ? {} : readBody(result.body)
  const retryAfter = Number(result.headers['retry-after'])
  return {
    status: result.status,
    reason: typeof reason === 'string' && /^[A-Za-z]{1,64}$/.test(reason) ? reason : `HTTP ${result.status}`,
    ...(typeof timestamp === 'number' && Number.isFinite(timestamp) ? { timestamp } : {}),
    ...(retryAfter > 0 && retryAfter <= MAX_RETRY_AFTER_S ? { retryAfterMs: retryAfter * 1000 } : {}),
  }
}

/** Longer promises than a day are taken for an error. */
const MAX_RETRY_AFTER_S = 86_400

function readBody(body: string): { reason?: unknown; timestamp?: unknown } {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    // A proxy's page, or nothing: the status decides.
    return {}
  }
}

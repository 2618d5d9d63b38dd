import type { LookupFunction } from 'node:net'
import { createHttp1Client } from '../../http1/create-http1-client.ts'
import type { Http1Client } from '../../http1/http1-client.ts'
import type { ProviderHealth } from '../provider.ts'
import type { ProviderReport } from '../provider-definition.ts'
import { MAX_BODY_BYTES } from './encryption.ts'
import type { Endpoint } from './endpoint.ts'
import { isKnownService } from './known-services.ts'
import { type VapidSigner, VapidToken } from './vapid-tokens.ts'

/** One push service: an origin, and what is known of it. */
export interface PushService {
  readonly host: string
  /** Known, or allowed by the operator; any other is a server of some client's choice. */
  readonly isTrusted: boolean
  readonly client: Http1Client
  readonly token: VapidToken
  /** The longest body that it is known to take. */
  maxBodyBytes: number
  /** Pushes that use it just now. */
  users: number
}

export interface PushServicesOptions {
  signer: VapidSigner & { clock: { after(delayMs: number, callback: () => void): () => void } }
  allowedOrigins: readonly string[] | undefined
  ca: string | undefined
  /** For every connection to a service that is not on the operator's list. */
  lookup: LookupFunction
  scopeOf(host: string): string
  report: ProviderReport
}

/** Anybody may name a host: so many of them, at most, are remembered and connected to at once. */
const MAX_STRANGERS = 200
const SECOND = 1000
const TRUSTED_CONNECTIONS = 32
const STRANGER_CONNECTIONS = 4
/** Answers are a few words; what a stranger sends beyond that is not waited for. */
const LIMITS = { responseBytes: 4096, requestMs: 10 * SECOND, idleMs: 60 * SECOND } as const

export function isTrusted(host: string, allowedOrigins: readonly string[] | undefined): boolean {
  return allowedOrigins !== undefined || isKnownService(host)
}

export function connectionsTo(isTrustedService: boolean): number {
  return isTrustedService ? TRUSTED_CONNECTIONS : STRANGER_CONNECTIONS
}

/**
 * The push services in use, each with connections of its own. The trusted ones are few, and stay; of the strangers the one
 * that was used longest ago makes way for the next.
 */
export class PushServices {
  readonly #options: PushServicesOptions
  readonly #trusted = new Map<string, PushService>()
  /** Most recently used last. */
  readonly #strangers = new Map<string, PushService>()
  readonly #leaving = new Set<Promise<void>>()
  #isClosed = false

  constructor(options: PushServicesOptions) {
    this.#options = options
  }

  /** No request can be made any more. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Lends the service of an endpoint for one push; undefined when too many others are busy. To be called `giveBack` for. */
  lend({ host, origin }: Endpoint): PushService | undefined {
    if (this.#isClosed) return undefined
    const isKnown = isTrusted(host, this.#options.allowedOrigins)
    const services = isKnown ? this.#trusted : this.#strangers
    const known = services.get(host)
    if (known === undefined && !isKnown && !this.#makeWay()) return undefined
    const service = known ?? this.#open(host, origin, isKnown)
    services.delete(host)
    services.set(host, service)
    service.users++
    return service
  }

  giveBack(service: PushService): void {
    service.users--
  }

  /** Strangers do not count: whoever registers a host that is dead must not worry operators. */
  connection(): ProviderHealth['connection'] {
    const states = Array.from(this.#trusted.values(), ({ client }) => client.state())
    if (states.includes('down')) return 'down'
    const isReady = [...this.#strangers.values()].some(({ client }) => client.state() === 'ready')
    return isReady || states.includes('ready') ? 'ready' : 'idle'
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const service of [...this.#trusted.values(), ...this.#strangers.values()]) this.#leave(service)
    await Promise.all(this.#leaving)
  }

  #makeWay(): boolean {
    if (this.#strangers.size < MAX_STRANGERS) return true
    for (const [host, service] of this.#strangers) {
      if (service.users > 0) continue
      this.#strangers.delete(host)
      this.#leave(service)
      return true
    }
    return false
  }

  #leave({ client }: PushService): void {
    const left = client.close().finally(() => this.#leaving.delete(left))
    this.#leaving.add(left)
  }

  #open(host: string, origin: string, isKnown: boolean): PushService {
    const { signer, allowedOrigins, ca, lookup, scopeOf, report } = this.#options
    const scope = scopeOf(host)
    const client = createHttp1Client({
      origin,
      tls: { ca },
      clock: signer.clock,
      limits: { ...LIMITS, connections: connectionsTo(isKnown) },
      // The operator's own list may name hosts of this network.
      ...(allowedOrigins === undefined ? { lookup } : {}),
      onConnection: (state, reason) => report.connection(scope, state, reason),
    })
    return {
      host,
      isTrusted: isKnown,
      client,
      token: new VapidToken(signer, origin),
      maxBodyBytes: MAX_BODY_BYTES,
      users: 0,
    }
  }
}

import { EventEmitter } from 'node:events'
import { type Clock, systemClock } from '../../domain/clock.ts'
import { type Check, text } from '../bad-input.ts'
import { createServerIdentity, type ServerIdentity } from '../certificate.ts'
import { type Connections, type GoawayOptions, openConnections } from '../connections.ts'
import type { Fault, Faults } from '../fault.ts'
import { createFaults } from '../faults.ts'
import { type HttpSimulator, startHttpSimulator } from '../http-simulator.ts'
import { createWaiters } from '../waiters.ts'
import { createGrantedTokens, type GrantedTokens } from './access-tokens.ts'
import { createExchange, type Exchange } from './exchange.ts'
import type { GoogleError } from './google-error.ts'
import type { SentMessage } from './message-rules.ts'
import { createPhones, describeMessage, type Phones, type ReceivedMessage } from './phones.ts'
import { createRegistrationTokens, type RegistrationTokens } from './registration-tokens.ts'
import { generateServiceAccount, type ServiceAccountKey, serviceAccountFile } from './service-account.ts'
import { createCounters, type FcmStats } from './stats.ts'
import { respondAsTokenEndpoint, TOKEN_PATH } from './token-service.ts'

export interface FcmSimulatorOptions {
  /** Whose assertions are good, and whose project may be sent for; default a new one. */
  account?: ServiceAccountKey
  /** Default 127.0.0.1 and free ports. */
  host?: string
  port?: number
  tokenPort?: number
  /** Streams a connection; default 100. */
  streamLimit?: number
  /** Default 3599, as Google's. */
  tokenLifetimeSeconds?: number
  faults?: readonly Fault[]
  /** To keep the certificate over a restart; default a new one. */
  identity?: ServerIdentity
  clock?: Clock
}

export interface FcmEvents {
  message: [message: ReceivedMessage]
  refusal: [status: number, word: string]
  strike: [fault: Fault]
}

/**
 * A stand-in for fcm.googleapis.com (HTTP/2) and oauth2.googleapis.com (HTTP/1.1) on loopback. README.md lists what it
 * refuses and where it is stricter than Google.
 */
export interface FcmSimulator {
  readonly url: string
  readonly host: string
  readonly port: number
  /** PEM of the authority that signed both certificates. */
  readonly ca: string
  readonly account: ServiceAccountKey
  /** What RELAY_FCM_SERVICE_ACCOUNT_FILE is to hold. Secret. */
  readonly serviceAccountFile: string
  readonly events: EventEmitter<FcmEvents>
  readonly phones: Omit<Phones, 'deliver'>
  readonly registrationTokens: Omit<RegistrationTokens, 'check'>
  readonly accessTokens: Pick<GrantedTokens, 'revokeAll'>
  /** Of messages; `topic` in a fault is the project, and `reason` an error code. */
  readonly faults: Omit<Faults, 'strike'>
  /** The token endpoint, with faults of its own. */
  readonly tokenEndpoint: Omit<HttpSimulator, 'close'>
  /** The project's quota is used up, until `refill`; with `retryAfter` as the header says it. */
  exhaust(retryAfter?: string): void
  refill(): void
  stats(): FcmStats
  /** Resolves when FCM has taken `count` messages in all. Rejects, as `until`, if it is closed first. */
  received(count: number): Promise<void>
  /** Looks at every request, answer, strike, connection and its end. */
  until(predicate: (stats: FcmStats) => boolean): Promise<void>
  /** To every connection. */
  goaway(options?: GoawayOptions): void
  /** Here and at the token endpoint, as the next two. */
  dropConnections(): void
  refuseConnections(): void
  acceptConnections(): Promise<void>
  setStreamLimit(limit: number): void
  /** Cuts every connection. Idempotent. */
  close(): Promise<void>
}

const STREAM_LIMIT = 100
const TOKEN_LIFETIME_S = 3599
const ANY_TOKEN: Check = text(4096)

export async function startFcmSimulator(options: FcmSimulatorOptions = {}): Promise<FcmSimulator> {
  const { clock = systemClock, host = '127.0.0.1', account = generateServiceAccount() } = options
  const identity = options.identity ?? (await createServerIdentity())
  const accessTokens = createGrantedTokens(clock, options.tokenLifetimeSeconds ?? TOKEN_LIFETIME_S)
  const tokenEndpoint: HttpSimulator = await startHttpSimulator({
    host,
    port: options.tokenPort ?? 0,
    identity,
    clock,
    respond: request =>
      respondAsTokenEndpoint(
        request,
        { accounts: [account], audience: `${tokenEndpoint.url}${TOKEN_PATH}`, clock },
        accessTokens,
      ),
  })
  const state = createState(account.projectId, { clock, faults: options.faults ?? [] })
  const exchange = createExchange({
    ...state,
    projectId: account.projectId,
    accessTokens,
    clock,
    projectError: () => state.project.error,
    connections: () => connections,
    ...observers(state, account.projectId, clock),
  })
  const streamLimit = options.streamLimit ?? STREAM_LIMIT
  const connections: Connections = await openConnections({
    host,
    port: options.port ?? 0,
    identity,
    initialStreamLimit: streamLimit,
    streamLimit,
    onStream: exchange.handle,
    ...connectionObservers(state),
  }).catch(async error => {
    await tokenEndpoint.close()
    throw error
  })
  return {
    url: `https://${host.includes(':') ? `[${host}]` : host}:${connections.port}`,
    host,
    port: connections.port,
    ca: identity.ca,
    account,
    serviceAccountFile: serviceAccountFile(account, `${tokenEndpoint.url}${TOKEN_PATH}`),
    accessTokens,
    tokenEndpoint,
    ...controls(state, { connections, tokenEndpoint, exchange }),
  }
}

function createState(projectId: string, { clock, faults }: { clock: Clock; faults: readonly Fault[] }) {
  const project: { id: string; error: GoogleError | undefined } = { id: projectId, error: undefined }
  const state = {
    project,
    events: new EventEmitter<FcmEvents>(),
    waiters: createWaiters(),
    counters: createCounters(),
    phones: createPhones(clock),
    registrationTokens: createRegistrationTokens(),
    faults: createFaults(ANY_TOKEN),
  }
  state.faults.replace(faults)
  return state
}

type State = ReturnType<typeof createState>

function observers({ events, waiters, counters, phones }: State, projectId: string, clock: Clock) {
  const { current } = counters
  return {
    onRequest() {
      current.requests += 1
      waiters.changed()
    },
    onMessage(sent: SentMessage): string {
      const message = describeMessage(sent, clock.now())
      if (!sent.isDryRun) {
        phones.deliver(message)
        current.taken += 1
        events.emit('message', message)
        waiters.changed()
      }
      return `projects/${projectId}/messages/${message.id}`
    },
    onAccepted() {
      current.accepted += 1
      waiters.changed()
    },
    onRefusal(status: number, word: string) {
      counters.refused(status, word)
      events.emit('refusal', status, word)
      waiters.changed()
    },
    onStrike(fault: Fault) {
      current.strikes += 1
      events.emit('strike', fault)
      waiters.changed()
    },
  }
}

function connectionObservers({ waiters, counters: { current } }: State) {
  return {
    onOpen() {
      current.connections.open += 1
      current.connections.total += 1
      waiters.changed()
    },
    onClose() {
      current.connections.open -= 1
      waiters.changed()
    },
  }
}

interface Servers {
  connections: Connections
  tokenEndpoint: HttpSimulator
  exchange: Exchange
}

function controls(state: State, { connections, tokenEndpoint, exchange }: Servers) {
  const { project, events, waiters, counters, phones, registrationTokens, faults } = state
  return {
    events,
    phones,
    registrationTokens,
    faults,
    exhaust(retryAfter?: string) {
      project.error = {
        status: 429,
        word: 'RESOURCE_EXHAUSTED',
        message: "Quota exceeded for quota metric 'Send requests' and limit 'Send requests per minute'.",
        reason: 'RATE_LIMIT_EXCEEDED',
        ...(retryAfter === undefined ? {} : { retryAfter }),
      }
    },
    refill() {
      project.error = undefined
    },
    stats: counters.read,
    received: (count: number) => waiters.until(() => counters.current.taken >= count),
    until: (predicate: (stats: FcmStats) => boolean) => waiters.until(() => predicate(counters.read())),
    goaway: (goaway: GoawayOptions = {}) => connections.goawayAll(goaway),
    dropConnections() {
      connections.dropAll()
      tokenEndpoint.dropConnections()
    },
    refuseConnections() {
      connections.refuse()
      tokenEndpoint.refuseConnections()
    },
    async acceptConnections() {
      await Promise.all([connections.accept(), tokenEndpoint.acceptConnections()])
    },
    setStreamLimit: connections.setStreamLimit,
    async close() {
      exchange.close()
      await Promise.all([connections.close(), tokenEndpoint.close()])
      waiters.close()
    },
  }
}

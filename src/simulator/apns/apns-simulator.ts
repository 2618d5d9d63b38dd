import { EventEmitter } from 'node:events'
import { type Clock, systemClock } from '../../domain/clock.ts'
import {
  type ClientCertificate,
  createServerIdentity,
  issueClientCertificate,
  type ServerIdentity,
} from '../certificate.ts'
import { type Connections, type GoawayOptions, openConnections } from '../connections.ts'
import type { Fault, Faults } from '../fault.ts'
import { createFaults } from '../faults.ts'
import { createWaiters } from '../waiters.ts'
import { createDeviceTokens, type DeviceTokens } from './device-tokens.ts'
import { createExchange } from './exchange.ts'
import {
  createPhones,
  type PhoneLimits,
  type Phones,
  type ShownNotification,
  viewNotification,
} from './phones.ts'
import { createProviderTokenCheck, type TrustedKey } from './provider-tokens.ts'
import { createPushedIds, type PushedIds } from './pushed-ids.ts'
import type { Refusal } from './refusal.ts'
import type { PushRequest } from './request-rules.ts'
import { createCounters, type SimulatorStats } from './stats.ts'

export interface ApnsSimulatorOptions {
  /** Whose provider tokens are good; `any` looks at no signature. */
  keys: readonly TrustedKey[] | 'any'
  /** Default 127.0.0.1 and a free port. */
  host?: string
  port?: number
  /** Which of Apple's environments it plays; default `production`. `sandbox` adds apns-unique-id. */
  environment?: string
  /** Bundle ids that may be pushed to; default any. */
  topics?: readonly string[]
  /** How soon a second provider token of a key is too soon; default 20 minutes, 0 allows any number. */
  tokenUpdateWindowMs?: number
  /** Streams before and after the first right push of a connection; default 1 and 1000. */
  initialStreamLimit?: number
  streamLimit?: number
  faults?: readonly Fault[]
  phones?: PhoneLimits
  /** apns-ids remembered at least; default 250,000, about 50 MB at most. */
  pushedIds?: number
  /** To keep the certificate over a restart; default a new one. */
  identity?: ServerIdentity
  clock?: Clock
}

export interface SimulatorEvents {
  push: [token: string, notification: ShownNotification]
  refusal: [refused: Refusal]
  strike: [fault: Fault]
  connection: []
  disconnection: []
}

/** A stand-in for api.push.apple.com on loopback. README.md lists what it refuses and where it is stricter than Apple. */
export interface ApnsSimulator {
  readonly url: string
  readonly host: string
  readonly port: number
  /** PEM of the authority that signed its certificate. */
  readonly ca: string
  readonly environment: string
  readonly events: EventEmitter<SimulatorEvents>
  readonly phones: Pick<Phones, 'phone' | 'list' | 'clear'>
  readonly pushedIds: Omit<PushedIds, 'add'>
  readonly deviceTokens: Omit<DeviceTokens, 'check'>
  readonly faults: Omit<Faults, 'strike'>
  stats(): SimulatorStats
  /** Resolves when phones have received `count` pushes in all. Rejects, as `until`, if it is closed first. */
  received(count: number): Promise<void>
  /** Looks at every request, answer, strike, connection and its end. */
  until(predicate: (stats: SimulatorStats) => boolean): Promise<void>
  /** To every connection. */
  goaway(options?: GoawayOptions): void
  dropConnections(): void
  refuseConnections(): void
  acceptConnections(): Promise<void>
  setStreamLimit(limit: number): void
  /** A client certificate as Apple would sell for this bundle id. */
  issueClientCertificate(topic: string): Promise<ClientCertificate>
  /** Cuts every connection. Idempotent. */
  close(): Promise<void>
}

const UPDATE_WINDOW_MS = 20 * 60 * 1000

export async function startApnsSimulator(options: ApnsSimulatorOptions): Promise<ApnsSimulator> {
  const { clock = systemClock, environment = 'production', host = '127.0.0.1' } = options
  const identity = options.identity ?? (await createServerIdentity())
  const state = createState(options, environment)
  const { counters, waiters, events } = state
  const exchange = createExchange({
    rules: {
      checkProviderToken: createProviderTokenCheck({
        keys: options.keys,
        clock,
        environment,
        updateWindowMs: options.tokenUpdateWindowMs ?? UPDATE_WINDOW_MS,
      }),
      topics: options.topics,
    },
    deviceTokens: state.deviceTokens,
    faults: state.faults,
    clock,
    environment,
    connections: () => connections,
    ...observers(state, clock),
  })
  const connections: Connections = await openConnections({
    host,
    port: options.port ?? 0,
    identity,
    initialStreamLimit: options.initialStreamLimit ?? 1,
    streamLimit: options.streamLimit ?? 1000,
    onStream: exchange.handle,
    onOpen() {
      counters.opened()
      events.emit('connection')
      waiters.changed()
    },
    onClose() {
      counters.closed()
      events.emit('disconnection')
      waiters.changed()
    },
  })
  const control = controls(state, connections, () => exchange.close())
  return { ...control, ...describe(host, connections.port, identity), environment }
}

function createState(options: ApnsSimulatorOptions, environment: string) {
  const state = {
    events: new EventEmitter<SimulatorEvents>(),
    waiters: createWaiters(),
    counters: createCounters(),
    phones: createPhones(options.phones),
    pushedIds: createPushedIds(options.pushedIds ?? 250_000),
    deviceTokens: createDeviceTokens(environment),
    faults: createFaults(),
  }
  state.faults.replace(options.faults ?? [])
  return state
}

type State = ReturnType<typeof createState>

function observers({ events, waiters, counters, phones, pushedIds }: State, clock: Clock) {
  return {
    onRequest() {
      counters.requested()
      waiters.changed()
    },
    onPush(push: PushRequest, payload: string) {
      const receivedAt = clock.now()
      phones.show(push, payload, receivedAt)
      pushedIds.add(push.apnsId)
      counters.received()
      if (events.listenerCount('push') > 0) {
        events.emit('push', push.token, viewNotification(push, payload, { receivedAt, repeats: 0 }))
      }
      waiters.changed()
    },
    onAccepted() {
      counters.accepted()
      waiters.changed()
    },
    onRefusal(refused: Refusal) {
      counters.refused(refused)
      events.emit('refusal', refused)
      waiters.changed()
    },
    onStrike(fault: Fault) {
      counters.struck()
      events.emit('strike', fault)
      waiters.changed()
    },
  }
}

function controls(state: State, connections: Connections, stop: () => void) {
  const { events, waiters, counters, phones, pushedIds, deviceTokens, faults } = state
  const stats = () => counters.read(pushedIds)
  return {
    events,
    phones,
    pushedIds,
    deviceTokens,
    faults,
    stats,
    received: (count: number) => waiters.until(() => counters.current.received >= count),
    until: (predicate: (stats: SimulatorStats) => boolean) => waiters.until(() => predicate(stats())),
    goaway: (goaway: GoawayOptions = {}) => connections.goawayAll(goaway),
    dropConnections: connections.dropAll,
    refuseConnections: connections.refuse,
    acceptConnections: connections.accept,
    setStreamLimit: connections.setStreamLimit,
    async close() {
      stop()
      await connections.close()
      waiters.close()
    },
  }
}

function describe(host: string, port: number, identity: ServerIdentity) {
  return {
    url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    host,
    port,
    ca: identity.ca,
    issueClientCertificate: (topic: string) => issueClientCertificate(identity, topic),
  }
}

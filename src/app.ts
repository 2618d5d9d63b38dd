import { randomBytes } from 'node:crypto'
import Fastify, { type FastifyInstance } from 'fastify'
import { type Logger, pino } from 'pino'
import type { Config } from './config/config.ts'
import { createSendTest } from './dispatch/test-notification.ts'
import { type Clock, systemClock } from './domain/clock.ts'
import type { NotificationSettings } from './domain/notification.ts'
import type { ProviderName } from './domain/registration.ts'
import { fastifyOptions } from './http/fastify-options.ts'
import type { PausedScope, RelayHealth } from './http/health-view.ts'
import { registerHttp } from './http/http.ts'
import { createAcceptOfflineMessages } from './intake/accept-offline-message.ts'
import { createPushToDevices } from './intake/push-to-devices.ts'
import type { Provider } from './providers/provider.ts'
import { PROVIDERS } from './providers/providers.ts'
import { type Dispatch, startDispatch } from './start-dispatch.ts'
import { startProviders } from './start-providers.ts'
import { startStore } from './start-store.ts'
import type { Store } from './store/store.ts'
import type { ZeropushRegistry } from './store/zeropush-registry.ts'
import { createEvents, type Events } from './telemetry/events.ts'
import { subscribeLog } from './telemetry/log-subscriber.ts'
import { createMetrics, type Metrics } from './telemetry/metrics-subscriber.ts'

export interface AppOverrides {
  clock?: Clock
  logger?: Logger
  /** Deliveries in memory at once. */
  windowDeliveries?: number
}

export interface RelayApp {
  http: FastifyInstance
  events: Events
  /** Stops accepting, finishes what is in flight, gives the rest back, closes everything. Idempotent. */
  close(): Promise<void>
}

/**
 * The one place that knows every part. Parts start in the order in which a message meets them from behind: store,
 * providers, dispatcher, HTTP; and stop in the reverse order, so that nothing is asked of a part that is gone.
 */
export async function buildApp(
  config: Config,
  version: string,
  overrides: AppOverrides = {},
): Promise<RelayApp> {
  const logger = overrides.logger ?? pino({ level: config.logLevel })
  const events = createEvents()
  subscribeLog(events, logger)
  const { store, clock } = await startStore(config, { clock: overrides.clock ?? systemClock, events })
  const closers: (() => Promise<void>)[] = [() => store.close()]
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) {
      // A part that cannot close properly must not keep the others open.
      await close().catch(error => events.emit('loop.failed', { loop: 'close', error }))
    }
  }
  try {
    const input = { store, zeropush: store.zeropush, clock, events, overrides, closers }
    const { startLoops, ...parts } = await startParts(config, input)
    const http = Fastify(fastifyOptions(config, logger))
    let isStopping = false
    http.addHook('onClose', closeAll)
    // Not before the port is ours: a second relay by mistake must not push anything.
    http.addHook('onListen', async () => startLoops())
    await registerHttp(http, {
      ...parts,
      config,
      version,
      store,
      clock,
      events,
      isStopping: () => isStopping,
    })
    const close = () => {
      isStopping = true
      return http.close().then(() => {})
    }
    return { http, events, close }
  } catch (error) {
    await closeAll()
    throw error
  }
}

interface PartsInput {
  store: Store
  zeropush: ZeropushRegistry
  clock: Clock
  events: Events
  overrides: AppOverrides
  closers: (() => Promise<void>)[]
}

async function startParts(config: Config, input: PartsInput) {
  const { store, zeropush, clock, events, closers, overrides } = input
  const settings = await notificationSettings(config, store)
  const providers = await startProviders(config, { ...input, secrets: store })
  const { windowDeliveries } = overrides
  const dispatch = await startDispatch(config, {
    ...{ store, providers, settings, clock, events, closers },
    ...(windowDeliveries === undefined ? {} : { windowDeliveries }),
  })
  const metrics: Metrics = createMetrics(events, {
    store,
    inMemory: () => dispatch.inMemory(),
    clock,
    providers: PROVIDERS.map(({ name }) => name),
  })
  const commit = { store, handOff: dispatch, events, clock, messageTtlMs: config.messageTtlMs }
  return {
    acceptOfflineMessages: createAcceptOfflineMessages(commit),
    zeropush,
    pushToDevices: createPushToDevices({ ...commit, registry: zeropush }),
    providers: PROVIDERS.map(({ name, address }) => ({ name, address, on: providers.get(name) })),
    // Also of an `api` node: who asks wants to hear what the provider answers.
    sendTest: createSendTest({ providers, settings, clock }),
    relayHealth: () => relayHealth(dispatch, providers),
    metricsText: () => metrics.text(),
    onRequeued: () => dispatch.wakeForDue(),
    startLoops: () => dispatch.start(),
  }
}

const HASH_KEY = 'notification-hash-key'

// Kept, so that a conversation stays one conversation on the phone after a restart, and whichever node pushes.
async function notificationSettings(config: Config, store: Store): Promise<NotificationSettings> {
  return { preview: config.preview, previewText: config.previewText, hashKey: await keptHashKey(store) }
}

async function keptHashKey(store: Store): Promise<string> {
  const kept = await store.secret(HASH_KEY)
  if (kept !== undefined) return kept
  const made = randomBytes(32).toString('base64url')
  // Of nodes that start together one is the first, and the others take its key.
  return (await store.replaceSecret(HASH_KEY, undefined, made)) ? made : keptHashKey(store)
}

function relayHealth(dispatch: Dispatch, providers: ReadonlyMap<ProviderName, Provider>): RelayHealth {
  const pauses = dispatch.pauses()
  // Registrations may name one that is not configured any more: what waits for it must be seen.
  const names = new Set([...providers.keys(), ...pauses.map(({ scope }) => scope.split('/', 1)[0] ?? '')])
  return {
    providers: new Map(
      Array.from(names, name => [
        name,
        {
          ...(providers.get(name)?.health() ?? { connection: 'idle', simulated: false }),
          scopes: pausedScopes(name, pauses, providers.get(name)),
        },
      ]),
    ),
    waves: dispatch.waves(),
  }
}

function pausedScopes(
  name: ProviderName,
  pauses: readonly PausedScope[],
  provider: Provider | undefined,
): PausedScope[] {
  return pauses
    .filter(({ scope }) => scope.startsWith(`${name}/`))
    .map(pause => ({ ...pause, isMinor: provider?.concernsOperators?.(pause.scope) === false }))
}

import type { Server } from 'node:http'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Type } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyHttpOptions, type FastifyInstance } from 'fastify'
import type { Config } from '../../src/config/config.ts'
import type { StoreLocation } from '../../src/config/store-location.ts'
import { type Clock, systemClock } from '../../src/domain/clock.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { Registration, RegistrationRequest } from '../../src/domain/registration.ts'
import { fastifyOptions } from '../../src/http/fastify-options.ts'
import type { RelayHealth } from '../../src/http/health-view.ts'
import { registerHttp } from '../../src/http/http.ts'
import type { HttpDependencies } from '../../src/http/http-dependencies.ts'
import type { KnownProvider } from '../../src/http/known-provider.ts'
import { createAcceptOfflineMessages } from '../../src/intake/accept-offline-message.ts'
import type { HandOff } from '../../src/intake/commit-entries.ts'
import { createPushToDevices } from '../../src/intake/push-to-devices.ts'
import { PROVIDERS } from '../../src/providers/providers.ts'
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { QueuedMessage, Store } from '../../src/store/store.ts'
import { createEvents, type Events } from '../../src/telemetry/events.ts'
import { subscribeLog } from '../../src/telemetry/log-subscriber.ts'
import { createMetrics } from '../../src/telemetry/metrics-subscriber.ts'
import type { WholeStore } from '../contract/store/fixtures.ts'
import { type CapturedLog, captureLog } from './captured-log.ts'
import { temporaryDirectory } from './temporary-directory.ts'

export const HOOK_TOKEN = 'hook-token-for-every-domain'
export const OLD_HOOK_TOKEN = 'hook-token-before-rotation'
export const BOUND_TOKEN = 'hook-token-for-example-org'
export const ADMIN_TOKEN = 'admin-token-of-the-operator'

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

export interface TestApp {
  http: FastifyInstance
  store: WholeStore
  events: Events
  log: CapturedLog
  /** What went on to the dispatcher, in order. */
  handedOff: QueuedMessage[]
  /** What a test notification is answered with, and to whom it went. */
  testOutcome: Outcome & { durationMs: number }
  tested: Registration[]
  health: RelayHealth
  isStopping: boolean
  requeues: number
}

export interface TestAppOptions {
  config?: Partial<Config>
  clock?: Clock
  store?: Partial<Store>
  /** What the disk has left, as the store believes. */
  freeBytes?: () => Promise<number>
  /** Replaces options of Fastify, such as time limits that a test cannot wait for. */
  fastify?: Partial<FastifyHttpOptions<Server>>
  acceptOfflineMessages?: HttpDependencies['acceptOfflineMessages']
  /** Those that are on, by their names; default: apns. */
  on?: Readonly<Record<string, NonNullable<KnownProvider['on']>>>
  /** Sees the server before anything is registered. */
  prepare?: (http: FastifyInstance) => void
}

/** The HTTP layer with the real store; in place of the dispatcher something that remembers. Closed when the test ends. */
export async function createTestApp(
  t: Pick<TestContext, 'after'>,
  options: TestAppOptions = {},
): Promise<TestApp> {
  const config = { ...testConfig(temporaryDirectory(t)), ...options.config }
  const clock = options.clock ?? systemClock
  const events = createEvents()
  const log = captureLog()
  subscribeLog(events, log.logger)
  const realStore = createSqliteStore({
    path: (config.store as StoreLocation & { kind: 'sqlite' }).path,
    dedupeWindowMs: 3_600_000,
    clock,
    events,
    ...(options.freeBytes === undefined ? {} : { freeBytes: options.freeBytes }),
  })
  await realStore.open()
  const store: WholeStore = { ...realStore, ...options.store }
  const http = Fastify({ ...fastifyOptions(config, log.logger), ...options.fastify })
  options.prepare?.(http)
  http.addHook('onClose', () => realStore.close())
  const test: TestApp = {
    http,
    store,
    events,
    log,
    handedOff: [],
    testOutcome: { kind: 'accepted', status: 200, durationMs: 12 },
    tested: [],
    health: idleHealth(),
    isStopping: false,
    requeues: 0,
  }
  t.after(() => http.close())
  await registerHttp(http, dependencies(test, config, clock, options))
  await http.ready()
  return test
}

function dependencies(
  test: TestApp,
  config: Config,
  clock: Clock,
  options: TestAppOptions,
): HttpDependencies {
  const { store, events } = test
  const metrics = createMetrics(events, { store, inMemory: () => 0, clock, providers: ['apns'] })
  const handOff: HandOff = {
    reserve: () => true,
    giveBack: () => {},
    take: message => test.handedOff.push(message),
    wake: () => {},
  }
  const commit = { store, handOff, events, clock, messageTtlMs: config.messageTtlMs }
  const acceptOfflineMessages = options.acceptOfflineMessages ?? createAcceptOfflineMessages(commit)
  return {
    config,
    version: '0.0.0-test',
    store,
    acceptOfflineMessages,
    zeropush: store.zeropush,
    pushToDevices: createPushToDevices({ ...commit, registry: store.zeropush }),
    providers: options.on === undefined ? PROVIDERS_WITH_APNS : knownProviders(options.on),
    sendTest: async registration => {
      test.tested.push(registration)
      return test.testOutcome
    },
    relayHealth: () => test.health,
    metricsText: () => metrics.text(),
    isStopping: () => test.isStopping,
    onRequeued: () => test.requeues++,
    clock,
    events,
  }
}

export function testConfig(directory: string): Config {
  return {
    host: '127.0.0.1',
    port: 0,
    trustProxy: false,
    corsOrigins: [],
    logLevel: 'trace',
    hookTokens: [
      { token: HOOK_TOKEN, domains: undefined },
      { token: OLD_HOOK_TOKEN, domains: undefined },
      { token: BOUND_TOKEN, domains: ['example.org'] },
    ],
    adminTokens: [ADMIN_TOKEN],
    zeropush: undefined,
    jwt: undefined,
    xmppDomain: 'localhost',
    store: { kind: 'sqlite', path: join(directory, 'relay.db') },
    role: 'all',
    messageTtlMs: 7 * 24 * 3_600_000,
    traceRetentionMs: 72 * 3_600_000,
    dedupeWindowMs: 3_600_000,
    preview: 'full',
    previewText: 'New message',
    maxDevices: 20,
    providers: new Map(),
    isSimulated: false,
    simulatorPort: 0,
    shutdownMs: 10_000,
  }
}

/** Rules as a provider has them: the topic and environments of one app. */
function checkRegistration(request: RegistrationRequest) {
  const { address, app = 'com.example.chat', environment = 'production' } = request
  const token = String(address.token)
  if (!/^([0-9a-f]{2}){8,}$/i.test(token)) {
    return { ok: false, code: 'token', message: 'token must be hex' } as const
  }
  if (app !== 'com.example.chat') return { ok: false, code: 'app', message: 'app is not configured' } as const
  if (!['production', 'sandbox'].includes(environment)) {
    return { ok: false, code: 'environment', message: 'environment must be production or sandbox' } as const
  }
  const environmentSource = request.environment === undefined ? 'default' : 'client'
  return { ok: true, token: token.toLowerCase(), app, environment, environmentSource } as const
}

export const APNS = {
  rules: { hasOneOwner: true, check: checkRegistration },
  offer: { apps: ['com.example.chat'], environments: ['production', 'sandbox'] },
}

const PROVIDERS_WITH_APNS: KnownProvider[] = PROVIDERS.map(({ name, address }) => ({
  name,
  address,
  on: name === 'apns' ? APNS : undefined,
}))

/** Whatever they are called: those that are on. */
function knownProviders(on: NonNullable<TestAppOptions['on']>): KnownProvider[] {
  return Object.entries(on).map(([name, provider]) => ({ name, address: Type.Object({}), on: provider }))
}

function idleHealth(): RelayHealth {
  return { providers: new Map([['apns', { connection: 'idle', simulated: false, scopes: [] }]]), waves: [] }
}

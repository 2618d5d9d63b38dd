import { after, type TestContext } from 'node:test'
import { type Clock, systemClock } from '../../../src/domain/clock.ts'
import type { PostgresStoreOptions } from '../../../src/store/postgres/options.ts'
import { createPostgresStore, type PostgresStore } from '../../../src/store/postgres/postgres-store.ts'
import { createEvents, type EventName, type Events } from '../../../src/telemetry/events.ts'
import { HOUR, type MakeStore, T0 } from '../../contract/store/fixtures.ts'
import { BreakableProxy } from '../../support/breakable-proxy.ts'
import { type ClusterOptions, PostgresCluster } from '../../support/postgres-cluster.ts'
import { cleanUp } from '../sqlite/support.ts'

let cluster: Promise<PostgresCluster> | undefined
let template: Promise<string> | undefined

// Of the file: within a test it would be the end of that test.
after(async () => (await cluster)?.destroy())

/** One for all tests of a file; stopped after the last. */
export function sharedCluster(options: ClusterOptions = {}): Promise<PostgresCluster> {
  cluster ??= PostgresCluster.start(options)
  return cluster
}

/** An empty database of a test's own, migrated. */
export async function makeDatabase(): Promise<string> {
  const server = await sharedCluster()
  template ??= migrateTemplate(server)
  return (await server.createDatabase(await template)).url
}

const idle: string[] = []
const TABLES = ['outbox', 'trace', 'delivery', 'duplicate', 'registration', 'registration_move', 'secret']
const OTHERS = ['proven_scope', 'zeropush_device', 'zeropush_channel', 'node']

/** An empty database that another test has used: making a new one takes longer than most tests. */
async function borrowDatabase(t: TestContext): Promise<string> {
  const url = idle.pop() ?? (await makeDatabase())
  cleanUp(t, async () => {
    const cluster = await sharedCluster()
    const empty = [...TABLES, ...OTHERS].map(table => `DELETE FROM push_relay.${table}`).join('; ')
    await cluster.query(empty, new URL(url).pathname.slice(1))
    idle.push(url)
  })
  return url
}

async function migrateTemplate(server: PostgresCluster): Promise<string> {
  const { name, url } = await server.createDatabase()
  const store = createPostgresStore({ url, dedupeWindowMs: HOUR, clock: systemClock, events: createEvents() })
  await store.open()
  await store.close()
  return name
}

export interface OpenedStore {
  store: PostgresStore
  events: Events
}

/** An open store, closed after the test. */
export async function openStore(
  t: TestContext,
  options: Partial<PostgresStoreOptions> & Pick<PostgresStoreOptions, 'url'>,
): Promise<OpenedStore> {
  const events = createEvents()
  const store = createPostgresStore({
    dedupeWindowMs: HOUR,
    clock: systemClock,
    events,
    settleDelayMs: 0,
    ...options,
  })
  cleanUp(t, () => store.close())
  await store.open()
  return { store, events }
}

/** Resolves at the next event of this name. */
export function next(events: Events, name: EventName): Promise<void> {
  return new Promise(resolve => {
    const off = events.on(name, () => {
      off()
      resolve()
    })
  })
}

/** The same database, through a network that can be broken. */
export async function throughProxy(
  t: TestContext,
  url: string,
): Promise<{ proxy: BreakableProxy; url: string }> {
  const proxy = await BreakableProxy.start(Number(new URL(url).port))
  cleanUp(t, () => proxy.close())
  const proxied = new URL(url)
  proxied.port = String(proxy.port)
  return { proxy, url: proxied.href }
}

/** Signs of life as often as a test can wait for their absence. */
const MORTAL = { heartbeatMs: 100, deadAfterMs: 600 }

export const makePostgresStore: MakeStore = async (t, { isMortal, ...options } = {}) => {
  const url = await borrowDatabase(t)
  let now = T0
  const clock = new StoppableClock(() => now)
  const rest = { ...(isMortal ? MORTAL : {}), ...options, url, keepsOwnTime: true as const }
  const open = async () => (await openStore(t, { ...rest, clock })).store
  let isTakenOver = Promise.resolve()
  const harness = {
    store: await open(),
    spanMs: 6 * HOUR,
    setNow: (instant: number) => {
      now = instant
    },
    restart: async () => {
      await harness.store.close()
      harness.store = await open()
      return harness.store
    },
    join: async () => {
      const { store, events } = await openStore(t, { ...rest, clock: { ...systemClock, now: () => now } })
      isTakenOver = new Promise(resolve => events.on('store.leases-freed', () => resolve()))
      return store
    },
    silence: () => {
      clock.stop()
      return { isTakenOver, wake: () => clock.go() }
    },
  }
  return harness
}

/** What waits for a time waits on while it is stopped, as in a process that gets SIGSTOP. */
class StoppableClock implements Clock {
  readonly now: () => number
  readonly monotonic = systemClock.monotonic
  readonly random = systemClock.random
  #held: (() => void)[] | undefined

  constructor(now: () => number) {
    this.now = now
  }

  readonly after = (delayMs: number, callback: () => void): (() => void) => {
    let isCancelled = false
    const run = () => {
      if (isCancelled) return
      if (this.#held === undefined) callback()
      else this.#held.push(run)
    }
    const cancel = systemClock.after(delayMs, run)
    return () => {
      isCancelled = true
      cancel()
    }
  }

  stop(): void {
    this.#held = []
  }

  go(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const run of held) run()
  }
}

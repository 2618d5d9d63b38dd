import { after, type TestContext } from 'node:test'
import { type Clock, systemClock } from '../../../src/domain/clock.ts'
import type { PostgresStoreOptions } from '../../../src/store/postgres/options.ts'
import { createPostgresStore, type PostgresStore } from '../../../src/store/postgres/postgres-store.ts'
import { createEvents, type Events } from '../../../src/telemetry/events.ts'
import { HOUR, type MakeStore, T0 } from '../../contract/store/fixtures.ts'
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

export const makePostgresStore: MakeStore = async (t, options = {}) => {
  const url = await makeDatabase()
  let now = T0
  const clock: Clock = { ...systemClock, now: () => now }
  const open = async () => (await openStore(t, { ...options, url, clock, keepsOwnTime: true })).store
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
  }
  return harness
}

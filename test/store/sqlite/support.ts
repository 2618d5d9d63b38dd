import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { systemClock } from '../../../src/domain/clock.ts'
import type { SqliteStoreOptions } from '../../../src/store/sqlite/sqlite-store.ts'
import { createSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import type { Events } from '../../../src/telemetry/events.ts'
import { createEvents } from '../../../src/telemetry/events.ts'
import { HOUR, type MakeStore, T0, type WholeStore } from '../../contract/store/fixtures.ts'

const cleanups = new WeakMap<TestContext, (() => Promise<unknown>)[]>()

// Hooks of node:test run in the order of registration; here what was made last goes first.
export function cleanUp(t: TestContext, cleanup: () => Promise<unknown>): void {
  const known = cleanups.get(t)
  if (known !== undefined) {
    known.push(cleanup)
    return
  }
  const list = [cleanup]
  cleanups.set(t, list)
  t.after(async () => {
    for (const last of list.reverse()) await last()
  })
}

export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'push-relay-store-'))
  cleanUp(t, () => rm(directory, { recursive: true, force: true }))
  return directory
}

export interface OpenedStore {
  store: WholeStore
  events: Events
  path: string
}

/** An open store in a directory of its own, closed after the test. */
export async function openStore(
  t: TestContext,
  options: Partial<SqliteStoreOptions> = {},
): Promise<OpenedStore> {
  const path = options.path ?? join(await temporaryDirectory(t), 'relay.db')
  const events = createEvents()
  const store = createSqliteStore({
    path,
    dedupeWindowMs: HOUR,
    clock: systemClock,
    events,
    settleDelayMs: 0,
    ...options,
  })
  cleanUp(t, () => store.close())
  await store.open()
  return { store, events, path }
}

export const makeSqliteStore: MakeStore = async (t, { isMortal: _isMortal, ...options } = {}) => {
  const path = join(await temporaryDirectory(t), 'relay.db')
  let now = T0
  const clock = { ...systemClock, now: () => now }
  const open = async () => (await openStore(t, { ...options, path, clock })).store
  const harness = {
    store: await open(),
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

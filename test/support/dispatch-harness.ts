import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Dispatcher } from '../../src/dispatch/dispatcher.ts'
import { createReaper } from '../../src/dispatch/reaper.ts'
import { systemClock } from '../../src/domain/clock.ts'
import type { OfflineMessage } from '../../src/domain/offline-message.ts'
import { createAcceptOfflineMessages } from '../../src/intake/accept-offline-message.ts'
import { createRemoveDevices } from '../../src/intake/remove-devices.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { RegisterCommand, Store } from '../../src/store/store.ts'
import { createEvents, type EventName, type RelayEvents } from '../../src/telemetry/events.ts'
import { FakeClock } from './fake-clock.ts'
import { ScriptedProvider } from './scripted-provider.ts'
import { temporaryDirectory } from './temporary-directory.ts'

export const DAY_MS = 86_400_000

export interface HarnessOptions<P extends Provider> {
  /** Default: one that does as it is told. */
  provider?: P
  windowDeliveries?: number
  /** Wraps the real store, to make it fail. */
  wrapStore?: (store: Store) => Store
}

/** The way of a message without HTTP: intake, the real store, the dispatcher, and a provider that does as it is told. */
export async function startDispatch<P extends Provider = ScriptedProvider>(
  t: TestContext,
  options: HarnessOptions<P> = {},
) {
  const clock = new FakeClock(Date.now())
  const events = createEvents()
  const provider = (options.provider ?? new ScriptedProvider()) as P
  const path = join(temporaryDirectory(t), 'relay.db')
  // The store's own timers are real; every instant it is told comes from the fake clock.
  const sqlite = createSqliteStore({ path, dedupeWindowMs: 3_600_000, clock: systemClock, events })
  const store = options.wrapStore?.(sqlite) ?? sqlite
  await store.open()
  const newDispatcher = (providers: ReadonlyMap<string, Provider> = new Map([['apns', provider]])) =>
    new Dispatcher({
      store,
      providers,
      settings: { preview: 'full', previewText: 'New message', hashKey: 'key' },
      clock,
      events,
      windowDeliveries: options.windowDeliveries ?? 1000,
    })
  const dispatcher = newDispatcher()
  await dispatcher.load()
  dispatcher.start()
  t.after(async () => {
    await dispatcher.stop(0)
    await sqlite.close()
  })
  const accept = createAcceptOfflineMessages({
    store,
    handOff: dispatcher,
    events,
    clock,
    messageTtlMs: 7 * DAY_MS,
  })
  return {
    clock,
    events,
    provider,
    store,
    dispatcher,
    newDispatcher,
    reaper: () => createReaper({ store, clock, events, traceRetentionMs: 3 * DAY_MS }),
    register: async (changes: Partial<RegisterCommand> = {}) => {
      const result = await store.register({ ...REGISTRATION, at: clock.now(), ...changes })
      dispatcher.wakeForDue()
      return result
    },
    remove: createRemoveDevices({ store, events, clock }),
    /** Posts messages; answers their ids. */
    post: async (...changes: Partial<OfflineMessage>[]) => {
      const results = await accept(changes.map(change => ({ ...MESSAGE, ...change })))
      return results.map(({ id }) => id)
    },
    accept,
    /** Resolves when `predicate` has held for `count` events, from now on. */
    seen: <N extends EventName>(
      name: N,
      count = 1,
      predicate: (event: RelayEvents[N]) => boolean = () => true,
    ) =>
      new Promise<void>(resolve => {
        let left = count
        const off = events.on(name, event => {
          if (!predicate(event) || --left > 0) return
          off()
          resolve()
        })
      }),
  }
}

const REGISTRATION = {
  recipient: 'bob@localhost',
  device: 'phone1',
  kind: 'alert',
  provider: 'apns',
  token: 'aa'.repeat(32),
  app: 'com.example.chat',
  environment: 'production',
  environmentSource: 'default',
  maxDevices: 20,
} as const

const MESSAGE: OfflineMessage = {
  recipient: 'bob@localhost',
  sender: 'alice@localhost',
  type: 'chat',
  body: 'Hello Bob',
  encrypted: false,
  bodyOmitted: false,
  notes: [],
}

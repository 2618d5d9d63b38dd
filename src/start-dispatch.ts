import type { Config } from './config/config.ts'
import { Dispatcher, type DispatcherDependencies } from './dispatch/dispatcher.ts'
import { createOutboxWatch } from './dispatch/outbox-watch.ts'
import { createReaper } from './dispatch/reaper.ts'
import type { HandOff } from './intake/commit-entries.ts'

/** What may be asked of whoever pushes. */
export interface Dispatch extends HandOff, Pick<Dispatcher, 'wakeForDue' | 'inMemory' | 'pauses' | 'waves'> {
  /** Begins with what waits. */
  start(): void
}

/** What a stop may spend on attempts that are in flight: most of it, for what is cut off is sent twice. */
export const DRAIN_SHARE = 0.7

/** Of an `api` node: what it accepts waits in the outbox for another one. */
const ELSEWHERE: Dispatch = {
  reserve: () => false,
  giveBack: () => {},
  take: () => {},
  wake: () => {},
  wakeForDue: () => {},
  inMemory: () => 0,
  pauses: () => [],
  waves: () => [],
  start: () => {},
}

type Surroundings = DispatcherDependencies & {
  /** Called in reverse order. */
  closers: (() => Promise<void>)[]
}

/** The dispatcher and the loops beside it, as far as this node's role has them. */
export async function startDispatch(config: Config, surroundings: Surroundings): Promise<Dispatch> {
  const { role, shutdownMs, traceRetentionMs } = config
  if (role === 'api') return ELSEWHERE
  const { closers, ...deps } = surroundings
  const { events } = deps
  const dispatcher = new Dispatcher(deps)
  const loops = [createReaper({ ...deps, traceRetentionMs })]
  if (role === 'worker') loops.push(createOutboxWatch({ ...deps, dispatcher }))
  events.on('registration.changed', () => dispatcher.wakeForDue())
  // The store may have given back the leases of what was under way.
  events.on('store.recovered', () => dispatcher.wake())
  events.on('store.outbox-waits', () => dispatcher.wake())
  events.on('store.leases-lost', () => dispatcher.forget())
  await dispatcher.load()
  closers.push(() => dispatcher.stop(shutdownMs * DRAIN_SHARE))
  for (const loop of loops) closers.push(() => loop.stop())
  return {
    reserve: (messages, bytes) => dispatcher.reserve(messages, bytes),
    giveBack: (messages, bytes) => dispatcher.giveBack(messages, bytes),
    take: (message, receipt) => dispatcher.take(message, receipt),
    wake: () => dispatcher.wake(),
    wakeForDue: () => dispatcher.wakeForDue(),
    inMemory: () => dispatcher.inMemory(),
    pauses: () => dispatcher.pauses(),
    waves: () => dispatcher.waves(),
    start: () => {
      dispatcher.start()
      for (const loop of loops) loop.start()
    },
  }
}

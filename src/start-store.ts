import type { Config } from './config/config.ts'
import type { Clock } from './domain/clock.ts'
import { createSqliteStore } from './store/sqlite/sqlite-store.ts'
import type { Store } from './store/store.ts'
import { blaming } from './store/unusable-store.ts'
import type { ZeropushRegistry } from './store/zeropush-registry.ts'
import type { Events } from './telemetry/events.ts'

export interface StartedStore {
  store: Store & { readonly zeropush: ZeropushRegistry }
  /** Of the relay from here on: nodes that share a database have its wall time, so that they agree on what is due. */
  clock: Clock
}

/** The store that is configured, open. */
export async function startStore(
  { store: location, dedupeWindowMs }: Pick<Config, 'store' | 'dedupeWindowMs'>,
  surroundings: { clock: Clock; events: Events },
): Promise<StartedStore> {
  if (location.kind === 'sqlite') {
    const store = createSqliteStore({ path: location.path, dedupeWindowMs, ...surroundings })
    await store.open()
    return { store, clock: surroundings.clock }
  }
  // Its client is read only where there is something for it to do.
  const { createPostgresStore } = await import('./store/postgres/postgres-store.ts')
  const store = createPostgresStore({ url: location.url, dedupeWindowMs, ...surroundings })
  await blaming('RELAY_STORE', store.open())
  return { store, clock: store.clock }
}

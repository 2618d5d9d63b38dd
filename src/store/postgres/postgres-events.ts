import type { StoreEvents } from '../shared/store-events.ts'

export type PostgresStoreEvents = StoreEvents & {
  /** This node was taken for dead: what it had leased may be with others. It goes on under another name. */
  emit(name: 'store.leases-lost', event: Record<never, never>): void
  /** Of nodes that are gone, so many leases were given back. */
  emit(name: 'store.leases-freed', event: { count: number }): void
  /** Messages wait that nobody has begun, for longer than the node that accepted them should need. */
  emit(name: 'store.outbox-waits', event: Record<never, never>): void
  /** Whether changes that other nodes make to registrations are heard. */
  emit(name: 'store.presence', event: { state: 'heard' | 'lost'; reason?: string | undefined }): void
  /** What is done for all nodes, such as making partitions ahead of time, failed and will not mend itself. */
  emit(name: 'loop.failed', event: { loop: string; error: unknown }): void
}

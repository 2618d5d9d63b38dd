import type { StoreEvents } from '../shared/store-events.ts'

export type SqliteStoreEvents = StoreEvents & {
  emit(name: 'store.thread-ended', event: { thread: 'writer' | 'reader'; cause: string }): void
}

/** What every adapter tells operators: the part of the relay's catalogue that is about the store. */
export interface StoreEvents {
  emit(name: 'store.commit', event: { durationMs: number; operations: number }): void
  emit(name: 'store.unavailable', event: { reason: string }): void
  emit(name: 'store.recovered', event: Record<never, never>): void
}

import type { AcceptEntry, AcceptReceipt, Store } from '../../src/store/store.ts'
import { registration } from './registration.ts'

/** Keeps nothing, at no cost: only what intake and dispatcher ask for on the good path. */
export function createNullStore(): Store {
  const someone = registration(0)
  const store: Partial<Store> = {
    accept: async entries => entries.map(toReceipt),
    settle: async () => 'accepted',
    isStale: () => false,
    claimMessages: async () => [],
    waitingScopes: async () => [],
    provenScopes: async () => [],
    markProven: async () => {},
    releaseLeases: async () => {},
  }
  return store as Store

  function toReceipt({ id }: AcceptEntry): AcceptReceipt {
    return { status: 'queued', id, leased: true, registrations: [someone], revision: 1 }
  }
}

import type { AcceptEntry, Store } from '../store.ts'
import type { ZeropushRegistry } from '../zeropush-registry.ts'
import { toFirstRound } from './first-round.ts'
import type { EntryRow, Submit } from './operations.ts'
import type { Read } from './reads.ts'
import { endInSteps } from './removal-steps.ts'
import { createZeropushRegistry } from './zeropush-calls.ts'

type Own = 'open' | 'accept' | 'purge' | 'isStale' | 'registration' | 'health' | 'close'

/** What every adapter answers alike: writes go through its queue, reads beside it. */
export type StoreCalls = Omit<Store, Own> & { readonly zeropush: ZeropushRegistry }

// Async, so that what `submit` throws at once is a rejection as well.
export function createStoreCalls(submit: Submit, read: Read): StoreCalls {
  return {
    settle: async settlement =>
      settlement.round === 'first'
        ? submit({ kind: 'settleFirst', round: toFirstRound(settlement) })
        : submit({ kind: 'settleLater', settlement }),
    claimMessages: async limit => submit({ kind: 'claimMessages', limit }),
    claimDeliveries: async (scope, now, limit) => submit({ kind: 'claimDeliveries', scope, now, limit }),
    releaseLeases: async () => submit({ kind: 'releaseLeases' }),
    expire: async (now, limit) => submit({ kind: 'expire', now, limit }),
    requeue: async (messageId, now) => submit({ kind: 'requeue', messageId, now }),
    register: async command => submit({ kind: 'register', command }),
    removeDevice: async (recipient, device, at) => {
      const first = await submit({ kind: 'removeDevice', recipient, device, at })
      return endInSteps(submit, { recipient, at }, first)
    },
    removeRecipient: async (recipient, at) => {
      const first = await submit({ kind: 'removeRecipient', recipient, at })
      return endInSteps(submit, { recipient, at }, first)
    },
    replaceSecret: async (name, former, value) => submit({ kind: 'replaceSecret', name, former, value }),
    markProven: async scope => submit({ kind: 'markProven', scope }),
    registrations: recipient => read('registrations', recipient),
    message: id => read('message', id),
    messages: query => read('messages', query),
    outbox: () => read('outbox'),
    hasUnbegun: () => read('hasUnbegun'),
    waitingScopes: () => read('waitingScopes'),
    secret: name => read('secret', name),
    provenScopes: () => read('provenScopes'),
    zeropush: createZeropushRegistry(submit, read),
  }
}

export function toEntryRow(entry: AcceptEntry): EntryRow {
  const { content, notes, ...rest } = entry
  return {
    ...rest,
    content: content === undefined ? null : JSON.stringify(content),
    notes: notes.length === 0 ? null : notes,
  }
}

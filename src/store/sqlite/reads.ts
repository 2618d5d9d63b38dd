import type { Reads } from '../shared/reads.ts'
import type { OutboxStats, WaitingScope } from '../store.ts'
import { readRegistration, readRegistrations } from './registration-rows.ts'
import type { Sql } from './statements.ts'
import { readSummaries, readTrace } from './trace.ts'
import { createZeropushReads } from './zeropush/reads.ts'

export function createReads(sql: Sql): Reads {
  return {
    registrations: recipient => readRegistrations(sql, recipient),
    registration: key => readRegistration(sql, key),
    message: id => readTrace(sql, id),
    messages: query => readSummaries(sql, query),
    outbox: () => readOutbox(sql),
    hasUnbegun: () => sql('SELECT 1 FROM message WHERE stage = 0 AND lease = 0 LIMIT 1').get() !== undefined,
    waitingScopes: () => readWaitingScopes(sql),
    secret: name => {
      const row = sql('SELECT value FROM secret WHERE name = ?').get(name)
      return row === undefined ? undefined : String(row.value)
    },
    provenScopes: () =>
      sql('SELECT scope FROM proven_scope ORDER BY scope')
        .all()
        .map(row => String(row.scope)),
    ...createZeropushReads(sql),
  }
}

function readOutbox(sql: Sql): OutboxStats {
  const row = sql('SELECT count(*) AS pending, min(rowid) AS oldest FROM message WHERE stage < 2').get()
  const pending = Number(row?.pending)
  const oldest = sql('SELECT received_at FROM message WHERE rowid = ?').get(row?.oldest ?? null)
  return oldest === undefined ? { pending } : { pending, oldestAt: Number(oldest.received_at) }
}

// Jumps from scope to scope in the index: a backlog of a million deliveries costs no more than its scopes.
function readWaitingScopes(sql: Sql): WaitingScope[] {
  const scopes: WaitingScope[] = []
  const next = sql(`
    SELECT scope, run_at FROM delivery WHERE lease = 0 AND scope > ? ORDER BY scope, run_at LIMIT 1`)
  for (let row = next.get(''); row !== undefined; row = next.get(String(row.scope))) {
    scopes.push({ scope: String(row.scope), dueAt: Number(row.run_at) })
  }
  return scopes
}

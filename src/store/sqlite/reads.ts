import type { Reads } from '../shared/reads.ts'
import type { OutboxStats, WaitingScope } from '../store.ts'
import type { OutboxCount } from './outbox-count.ts'
import { readRegistration, readRegistrations } from './registration-rows.ts'
import type { Sql } from './statements.ts'
import { OUTBOX_RUNS, readSummaries, readTrace } from './trace.ts'
import { createZeropushReads } from './zeropush/reads.ts'

// SQLite uses a partial index only where the query repeats the index's own condition, stage < 2.
const UNBEGUN = 'SELECT 1 FROM message WHERE stage < 2 AND stage = 0 AND lease = 0 LIMIT 1'

const PENDING = 'SELECT count(*) AS pending FROM message WHERE stage < 2'
// The first of each run, without looking at the others: only the leased are looked through.
const OLDEST = `
  SELECT received_at FROM message WHERE rowid = (SELECT min(position) FROM (
    ${OUTBOX_RUNS.map(run => `SELECT min(rowid) AS position FROM message WHERE stage < 2 AND ${run}`).join(' UNION ALL ')}))`

export function createReads(sql: Sql, outboxCount: OutboxCount): Reads {
  return {
    registrations: recipient => readRegistrations(sql, recipient),
    registration: key => readRegistration(sql, key),
    message: id => readTrace(sql, id),
    messages: query => readSummaries(sql, query),
    outbox: () => readOutbox(sql, outboxCount),
    hasUnbegun: () => sql(UNBEGUN).get() !== undefined,
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

function readOutbox(sql: Sql, count: OutboxCount): OutboxStats {
  const oldest = sql(OLDEST).get()
  if (oldest === undefined) return { pending: 0 }
  return {
    pending: count.of(() => Number(sql(PENDING).get()?.pending)),
    oldestAt: Number(oldest.received_at),
  }
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

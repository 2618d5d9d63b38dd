import type { Registration, RegistrationKey } from '../../domain/registration.ts'
import type { OutboxStats, WaitingScope } from '../store.ts'
import type { AsyncReads } from './async-reads.ts'
import type { Queryable } from './connection.ts'
import { readRegistrations, registrationAt, registrationColumns } from './registration-rows.ts'
import { clean } from './text.ts'
import { readSummaries, readTrace } from './trace.ts'
import { createZeropushReads } from './zeropush/reads.ts'

const HELD_REGISTRATION = {
  name: 'held-registration',
  text: `
  SELECT n.id IS NOT NULL, ${registrationColumns('r')}
  FROM (VALUES ($1::text, $2::text, $3::text, $4::bigint)) AS k(recipient, device, kind, incarnation)
  LEFT JOIN node n ON n.id = k.incarnation AND n.voided_at IS NULL
  LEFT JOIN registration r ON r.recipient = k.recipient AND r.device = k.device AND r.kind = k.kind`,
}
const SECRET = { text: 'SELECT value FROM secret WHERE name = $1' }
const PROVEN = { text: 'SELECT scope FROM proven_scope ORDER BY scope' }
// Jumps from scope to scope in the index: a backlog of a million deliveries costs no more than its scopes.
const WAITING_SCOPES = {
  name: 'waiting-scopes',
  text: `
  WITH RECURSIVE waiting AS (
    (SELECT scope, run_at FROM delivery WHERE lease = 0 ORDER BY scope, run_at LIMIT 1)
    UNION ALL
    SELECT next.* FROM waiting CROSS JOIN LATERAL (
      SELECT scope, run_at FROM delivery WHERE lease = 0 AND scope > waiting.scope ORDER BY scope, run_at LIMIT 1
    ) next
  )
  SELECT scope, run_at FROM waiting`,
}
// In the order of an index, so that a table that was once large is not read through.
const UNBEGUN = {
  name: 'unbegun',
  text: 'SELECT id FROM outbox WHERE stage = 0 AND lease = 0 ORDER BY lease, id LIMIT 1',
}
const OUTBOX = { text: 'SELECT count(*), min(received_at) FROM outbox' }

/** What a connection that does not write answers. */
export function createReads(db: Queryable): AsyncReads {
  return {
    registrations: async recipient =>
      (await readRegistrations(db, clean(recipient))).map(({ registration }) => registration),
    message: id => readTrace(db, id),
    messages: query => readSummaries(db, query),
    outbox: () => readOutbox(db),
    hasUnbegun: async () => (await db.query(UNBEGUN)).count > 0,
    waitingScopes: () => readWaitingScopes(db),
    secret: async name => {
      const { rows } = await db.query(SECRET, [clean(name)])
      return rows[0] === undefined ? undefined : String(rows[0][0])
    },
    provenScopes: async () => (await db.query(PROVEN)).rows.map(([scope]) => String(scope)),
    ...createZeropushReads(db),
  }
}

/** Also says whether the incarnation that wants to know is still alive. */
export async function readHeldRegistration(
  db: Queryable,
  { recipient, device, kind }: RegistrationKey,
  incarnation: number,
): Promise<{ isAlive: boolean; registration: Registration | undefined }> {
  const { rows } = await db.query(HELD_REGISTRATION, [clean(recipient), clean(device), kind, incarnation])
  const [row = [false, null]] = rows
  return { isAlive: row[0] === true, registration: registrationAt(row, 1) }
}

async function readOutbox(db: Queryable): Promise<OutboxStats> {
  const { rows } = await db.query(OUTBOX)
  const [pending, oldestAt] = rows[0] ?? []
  return oldestAt === null
    ? { pending: Number(pending) }
    : { pending: Number(pending), oldestAt: Number(oldestAt) }
}

async function readWaitingScopes(db: Queryable): Promise<WaitingScope[]> {
  const { rows } = await db.query(WAITING_SCOPES)
  return rows.map(([scope, dueAt]) => ({ scope: String(scope), dueAt: Number(dueAt) }))
}

import { columnsOf, type OpenMessage } from './open-messages.ts'
import { clean, cleanOrNull } from './text.ts'
import type { WriteContext } from './write-context.ts'

const DELETE_DELIVERIES = {
  text: `
  DELETE FROM delivery d USING unnest($1::uuid[], $2::text[], $3::text[]) AS g(id, device, kind)
  WHERE d.message_id = ANY ($1) AND d.message_id = g.id AND d.device = g.device AND d.kind = g.kind`,
}
const WAIT_AGAIN = {
  text: `
  UPDATE delivery d SET scope = w.scope, run_at = w.run_at, lease = 0, record = w.record
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[])
    AS w(id, device, kind, scope, run_at, record)
  WHERE d.message_id = ANY ($1) AND d.message_id = w.id AND d.device = w.device AND d.kind = w.kind`,
}
const KEEP = {
  text: `
  UPDATE outbox o SET reason = k.reason, deliveries = k.ended
  FROM unnest($1::uuid[], $2::text[], $3::text[]) AS k(id, reason, ended)
  WHERE o.id = ANY ($1) AND o.id = k.id`,
}
const FINISH = {
  text: `
  WITH over AS (
    DELETE FROM outbox WHERE id = ANY ($1::uuid[])
    RETURNING id, received_at, expires_at, recipient, sender, type, notes, content
  )
  INSERT INTO trace (id, settled_at, received_at, expires_at, recipient, sender, type, state, reason, notes, deliveries,
    content)
  SELECT id, f.settled_at, received_at, expires_at, recipient, sender, type, f.state, f.reason, notes, f.ended,
    CASE WHEN f.keeps_content THEN content END
  FROM over JOIN unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::boolean[])
    AS f(id, state, reason, settled_at, ended, keeps_content) USING (id)`,
}

/** Writes what became of locked messages, and what follows from it. */
export async function saveMessages(
  context: WriteContext,
  messages: readonly OpenMessage[],
  at: number | ((message: OpenMessage) => number),
): Promise<void> {
  const instantOf = typeof at === 'number' ? () => at : at
  const rows = messages.map(message => ({
    message,
    ended: JSON.stringify(message.ended),
    ...columnsOf(message, instantOf(message)),
  }))
  const kept = rows.filter(({ settledAt }) => settledAt === null)
  const over = rows.filter(({ settledAt }) => settledAt !== null)
  await Promise.all([
    deleteGone(context, messages),
    waitAgain(context, messages),
    kept.length > 0 &&
      context.query(KEEP, [
        kept.map(({ message }) => message.id),
        kept.map(({ reason }) => cleanOrNull(reason)),
        kept.map(({ ended }) => ended),
      ]),
    over.length > 0 &&
      context.query(FINISH, [
        over.map(({ message }) => message.id),
        over.map(({ state }) => state),
        over.map(({ reason }) => cleanOrNull(reason)),
        over.map(({ settledAt }) => settledAt),
        over.map(({ ended }) => ended),
        over.map(({ keepsContent }) => keepsContent),
      ]),
  ])
}

async function deleteGone(context: WriteContext, messages: readonly OpenMessage[]): Promise<void> {
  const gone = messages.flatMap(({ id, gone: records }) => records.map(record => ({ id, record })))
  if (gone.length === 0) return
  await context.query(DELETE_DELIVERIES, [
    gone.map(({ id }) => id),
    gone.map(({ record }) => clean(record.device)),
    gone.map(({ record }) => record.kind),
  ])
}

async function waitAgain(context: WriteContext, messages: readonly OpenMessage[]): Promise<void> {
  const rows = messages.flatMap(({ id, waiting }) =>
    waiting.flatMap(({ record, wait }) => (wait === undefined ? [] : [{ id, record, ...wait }])),
  )
  if (rows.length === 0) return
  await context.query(WAIT_AGAIN, [
    rows.map(({ id }) => id),
    rows.map(({ record }) => clean(record.device)),
    rows.map(({ record }) => record.kind),
    rows.map(({ scope }) => clean(scope)),
    rows.map(({ runAt }) => runAt),
    rows.map(({ record }) => JSON.stringify(record)),
  ])
}

import type { FirstRound } from '../shared/operations.ts'
import { bigints, booleans, texts, uuids } from './arrays.ts'
import { isOnlyNoted } from './effects.ts'
import { clean, cleanOrNull } from './text.ts'
import type { WriteContext } from './write-context.ts'

/**
 * What is over leaves the outbox for the traces, what waits becomes rows of delivery. A message of another lease, or one that
 * is gone, is not touched, and not answered. `+ 0` keeps the planner from an index that finds all that we hold.
 */
const SETTLE = {
  name: 'settle-first',
  text: `
  WITH round AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::boolean[])
    AS r(id, state, reason, settled_at, ended, keeps_content)
  ), over AS (
    DELETE FROM outbox WHERE id = ANY ($7::uuid[])
      AND stage + 0 = 0 AND lease + 0 >= $9::bigint AND lease + 0 < $10::bigint
    RETURNING id, received_at, expires_at, recipient, sender, type, notes, content
  ), settled AS (
    INSERT INTO trace (id, settled_at, received_at, expires_at, recipient, sender, type, state, reason, notes, deliveries,
      content)
    SELECT id, r.settled_at, received_at, expires_at, recipient, sender, type, r.state, r.reason, notes, r.ended,
      CASE WHEN r.keeps_content THEN content END
    FROM over JOIN round r USING (id)
    RETURNING id
  ), parked AS (
    UPDATE outbox o SET stage = 1, lease = 0, reason = r.reason, deliveries = r.ended
    FROM round r WHERE o.id = ANY ($8::uuid[]) AND o.id = r.id
      AND o.stage + 0 = 0 AND o.lease + 0 >= $9::bigint AND o.lease + 0 < $10::bigint
    RETURNING o.id, o.expires_at
  ), waiting AS (
    INSERT INTO delivery (message_id, lease, run_at, expires_at, device, kind, scope, record)
    SELECT p.id, 0, w.run_at, p.expires_at, w.device, w.kind, w.scope, w.record
    FROM unnest($11::uuid[], $12::text[], $13::text[], $14::text[], $15::bigint[], $16::text[])
      AS w(id, device, kind, scope, run_at, record) JOIN parked p USING (id)
  ), noted AS (
    UPDATE registration g SET last_accepted_at = a.at
    FROM unnest($17::uuid[], $18::text[], $19::text[], $20::text[], $21::bigint[], $22::bigint[])
      AS a(id, recipient, device, kind, version, at)
    WHERE g.recipient = ANY ($18::text[]) AND g.recipient = a.recipient AND g.device = a.device AND g.kind = a.kind
      AND g.version = a.version AND a.at - coalesce(g.last_accepted_at, 0) >= ${3_600_000}
      AND a.id IN (SELECT id FROM settled UNION ALL SELECT id FROM parked)
  )
  SELECT id FROM settled UNION ALL SELECT id FROM parked`,
}

/** Settles first rounds, no message twice. Answers the messages whose lease we had. */
export async function settleFirstRounds(
  context: WriteContext,
  rounds: readonly FirstRound[],
): Promise<ReadonlySet<string>> {
  const over = rounds.filter(({ settledAt }) => settledAt !== null)
  const parked = rounds.filter(({ settledAt }) => settledAt === null)
  const { from, before } = context.lease
  const { rows } = await context.query(SETTLE, [
    uuids(rounds.map(round => round.messageId)),
    texts(rounds.map(round => round.state)),
    texts(rounds.map(round => cleanOrNull(round.reason))),
    bigints(rounds.map(round => round.settledAt)),
    texts(rounds.map(round => round.ended)),
    booleans(rounds.map(round => round.keepsContent)),
    uuids(over.map(round => round.messageId)),
    uuids(parked.map(round => round.messageId)),
    from,
    before,
    ...waitingColumns(rounds),
    ...acceptedColumns(rounds),
  ])
  return new Set(rows.map(([id]) => String(id)))
}

function waitingColumns(rounds: readonly FirstRound[]): Buffer[] {
  const rows = rounds.flatMap(({ messageId, waiting }) => (waiting ?? []).map(row => ({ messageId, ...row })))
  return [
    uuids(rows.map(row => row.messageId)),
    texts(rows.map(row => clean(row.device))),
    texts(rows.map(row => row.kind)),
    texts(rows.map(row => clean(row.scope))),
    bigints(rows.map(row => row.runAt)),
    texts(rows.map(row => row.record)),
  ]
}

function acceptedColumns(rounds: readonly FirstRound[]): Buffer[] {
  const rows = rounds.flatMap(({ messageId, recipient, at, effects }) =>
    (effects ?? []).flatMap(({ device, kind, effect }) =>
      isOnlyNoted(effect) ? [{ messageId, recipient, at, device, kind, version: effect.version }] : [],
    ),
  )
  return [
    uuids(rows.map(row => row.messageId)),
    texts(rows.map(row => clean(row.recipient))),
    texts(rows.map(row => clean(row.device))),
    texts(rows.map(row => row.kind)),
    bigints(rows.map(row => row.version)),
    bigints(rows.map(row => row.at)),
  ]
}

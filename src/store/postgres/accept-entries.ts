import type { EntryRow } from '../shared/operations.ts'
import type { AcceptReceipt } from '../store.ts'
import { bigints, booleans, texts, uuids } from './arrays.ts'
import { byDevice, registrationAt, registrationColumns, uuidOf } from './registration-rows.ts'
import { clean, cleanOrNull } from './text.ts'
import type { WriteContext } from './write-context.ts'
import { badgeColumns, COUNT_BADGES, COUNTED_CONTENT } from './zeropush/entry-badges.ts'

/**
 * In one statement: leaves out what was there before, reads the registrations, and puts what has somewhere to go into the
 * outbox, the rest into the traces. Inserting a key that another node inserts at the same time waits for that node's commit,
 * so that one of the two is the duplicate. Keys go in order, so that two batches do not wait for each other.
 */
const ACCEPT = {
  name: 'accept',
  text: `
  WITH entry AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::bigint[],
      $8::bigint[], $9::boolean[], $10::text[], $11::integer[], $12::integer[], $13::text[], $14::text[])
    WITH ORDINALITY AS e(id, recipient, sender, type, ignored, key, received_at, expires_at, leased, noted,
      badge_set, badge_add, content, unread, n)
  ), seen AS (
    INSERT INTO duplicate AS d (key, message_id, at)
    SELECT key, id, received_at FROM entry WHERE key IS NOT NULL ORDER BY key
    ON CONFLICT (key) DO UPDATE SET
      message_id = CASE WHEN excluded.at - d.at < $15 THEN d.message_id ELSE excluded.message_id END,
      at = CASE WHEN excluded.at - d.at < $15 THEN d.at ELSE excluded.at END
    RETURNING key, message_id
  ), fresh AS MATERIALIZED (
    SELECT entry.* FROM entry LEFT JOIN seen USING (key) WHERE seen.message_id IS NULL OR seen.message_id = entry.id
  ), found AS MATERIALIZED (
    SELECT r.* FROM (SELECT DISTINCT recipient FROM fresh WHERE ignored IS NULL) f
    CROSS JOIN LATERAL (SELECT * FROM registration WHERE recipient = f.recipient OFFSET 0) r
  ), target AS MATERIALIZED (
    SELECT recipient, max(account) AS account, bool_or(state = 'active') AS is_active,
      json_agg(device || ': ' || state ORDER BY device) FILTER (WHERE state <> 'active')::text AS skipped
    FROM found GROUP BY recipient
  ), told AS MATERIALIZED (
    SELECT fresh.*, t.account, coalesce(ignored, CASE WHEN t.is_active THEN NULL ELSE 'no-device' END) AS reason,
      CASE WHEN coalesce(noted, t.skipped) IS NOT NULL
        THEN '{"noted":' || coalesce(noted, '[]') || ',"skipped":' || coalesce(t.skipped, '[]') || '}' END AS notes
    FROM fresh LEFT JOIN target t USING (recipient)
  ), counted AS (${COUNT_BADGES}
  ), queued AS (
    INSERT INTO outbox (id, lease, account, received_at, expires_at, stage, recipient, sender, type, notes, content)
    SELECT id, CASE WHEN leased THEN $16::bigint ELSE 0 END, account, received_at, expires_at, 0, recipient, sender, type,
      notes, ${COUNTED_CONTENT}
    FROM told LEFT JOIN counted USING (recipient) WHERE reason IS NULL
  ), ignored AS (
    INSERT INTO trace (id, settled_at, received_at, expires_at, recipient, sender, type, state, reason, notes)
    SELECT id, received_at, received_at, expires_at, recipient, sender, type, 'ignored', reason, notes
    FROM told WHERE reason IS NOT NULL
  )
  SELECT entry.n, seen.message_id, counted.badge, ${registrationColumns('found')}
  FROM entry LEFT JOIN seen USING (key) LEFT JOIN counted ON counted.recipient = entry.recipient
  LEFT JOIN found ON found.recipient = entry.recipient AND found.state = 'active'`,
}

const FIRST_REGISTRATION_COLUMN = 3

/** A key of the table of duplicates. */
export function duplicateKey(dedupeKey: string): string {
  return /^[0-9a-f]{32}$/.test(dedupeKey) ? dedupeKey : uuidOf(dedupeKey)
}

/** Accepts entries of which no two have one key, or change one badge; see Store.accept. */
export async function acceptEntries(
  context: WriteContext,
  entries: readonly EntryRow[],
): Promise<AcceptReceipt[]> {
  const { rows } = await context.query(ACCEPT, [
    ...columnsOf(entries),
    ...badgeColumns(entries),
    context.dedupeWindowMs,
    context.lease.value,
  ])
  const answers: unknown[][][] = entries.map(() => [])
  for (const row of rows) answers[Number(row[0]) - 1]?.push(row)
  return entries.map((entry, index) => toReceipt(context, entry, answers[index] ?? []))
}

function columnsOf(entries: readonly EntryRow[]): Buffer[] {
  return [
    uuids(entries.map(entry => entry.id)),
    texts(entries.map(entry => clean(entry.recipient))),
    texts(entries.map(entry => clean(entry.sender))),
    texts(entries.map(entry => clean(entry.type))),
    texts(entries.map(entry => entry.ignored ?? null)),
    uuids(entries.map(({ dedupeKey }) => (dedupeKey === undefined ? null : duplicateKey(dedupeKey)))),
    bigints(entries.map(entry => entry.receivedAt)),
    bigints(entries.map(entry => entry.expiresAt)),
    booleans(entries.map(entry => entry.leased)),
    texts(entries.map(({ notes }) => cleanOrNull(notes === null ? null : JSON.stringify(notes)))),
  ]
}

/** `rows`: one for each registration that receives, else a single one without. */
function toReceipt(context: WriteContext, entry: EntryRow, rows: readonly unknown[][]): AcceptReceipt {
  const { id, leased } = entry
  const [, firstId = null, badge = null] = rows[0] ?? []
  if (firstId !== null && firstId !== id) return { status: 'duplicate', id: String(firstId) }
  if (entry.ignored !== undefined) return { status: 'ignored', id, reason: entry.ignored }
  const registrations = rows
    .flatMap(row => registrationAt(row, FIRST_REGISTRATION_COLUMN) ?? [])
    .sort(byDevice)
  if (registrations.length === 0) return { status: 'ignored', id, reason: 'no-device' }
  const { revision } = context
  const counted = entry.badge === undefined || badge === null ? {} : { badge: Number(badge) }
  return { status: 'queued', id, leased, registrations, revision, ...counted }
}

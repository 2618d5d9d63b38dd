import type { Registration } from '../../domain/registration.ts'
import { notesText } from '../shared/message-notes.ts'
import type { EntryRow } from '../shared/operations.ts'
import type { ReceiptRow } from './operations.ts'
import type { WriteContext } from './write-context.ts'
import { countBadge } from './zeropush/badges.ts'

const INSERT_QUEUED = `
  INSERT INTO message (id, recipient, sender, type, dedupe_key, content, state, stage, lease, received_at, expires_at, notes)
  VALUES (?, ?, ?, ?, ?, ?, 'pending', 0, ?, ?, ?, ?)`

const INSERT_IGNORED = `
  INSERT INTO message (id, recipient, sender, type, dedupe_key, state, reason, stage, lease, received_at, expires_at, settled_at, notes)
  VALUES (?, ?, ?, ?, ?, 'ignored', ?, 2, 0, ?, ?, ?, ?)`

/** Inserts messages with the registrations that they will go to; see Store.accept. */
export function accept(context: WriteContext, entries: readonly EntryRow[]): ReceiptRow[] {
  return entries.map(entry => acceptOne(context, entry))
}

function acceptOne(context: WriteContext, entry: EntryRow): ReceiptRow {
  if (entry.dedupeKey !== undefined) {
    const firstId = context.dedupe.find(entry.dedupeKey, entry.receivedAt)
    if (firstId !== undefined) return { status: 'duplicate', id: firstId }
  }
  const receipt = entry.ignored === undefined ? queue(context, entry) : ignore(context, entry, [])
  if (entry.dedupeKey !== undefined) context.dedupe.remember(entry.dedupeKey, entry.id, entry.receivedAt)
  return receipt
}

function queue(context: WriteContext, entry: EntryRow): ReceiptRow {
  const { active, activeText, skipped } = context.registrations.of(entry.recipient)
  if (active.length === 0) return ignore(context, { ...entry, ignored: 'no-device' }, skipped)
  const badge = entry.badge === undefined ? undefined : countBadge(context, entry.recipient, entry.badge)
  context
    .sql(INSERT_QUEUED)
    .run(
      entry.id,
      entry.recipient,
      entry.sender,
      entry.type,
      entry.dedupeKey ?? null,
      badge === undefined ? entry.content : withUnread(entry.content, badge),
      entry.leased ? context.lease : 0,
      entry.receivedAt,
      entry.expiresAt,
      notesText({ noted: entry.notes ?? [], skipped: skipped.map(describe) }),
    )
  const { revision } = context
  const counted = badge === undefined ? {} : { badge }
  return {
    status: 'queued',
    id: entry.id,
    leased: entry.leased,
    registrations: activeText,
    revision,
    ...counted,
  }
}

function withUnread(content: string | null, unread: number): string | null {
  return content === null ? null : JSON.stringify({ ...JSON.parse(content), unread })
}

function ignore(context: WriteContext, entry: EntryRow, skipped: readonly Registration[]): ReceiptRow {
  const reason = entry.ignored ?? 'no-device'
  context
    .sql(INSERT_IGNORED)
    .run(
      entry.id,
      entry.recipient,
      entry.sender,
      entry.type,
      entry.dedupeKey ?? null,
      reason,
      entry.receivedAt,
      entry.expiresAt,
      entry.receivedAt,
      notesText({ noted: entry.notes ?? [], skipped: skipped.map(describe) }),
    )
  return { status: 'ignored', id: entry.id, reason }
}

function describe(registration: Registration): string {
  return `${registration.device}: ${registration.state}`
}

import type { DeliveryRecord } from '../../domain/delivery.ts'
import { isNamed } from '../shared/found-registration.ts'
import type { OperationOf } from '../shared/operations.ts'
import type { RemovalStep } from '../shared/removal-step.ts'
import type { SettledMessage } from '../store.ts'
import { deleteWaiting, readEnded, updateMessage } from './settle.ts'
import type { WriteContext } from './write-context.ts'

const REASON = 'registration-removed'

const DELETE_DEVICE = 'DELETE FROM registration WHERE recipient = ? AND device = ?'
const DELETE_RECIPIENT = 'DELETE FROM registration WHERE recipient = ?'

/** Messages per commit: an accept never waits behind a long queue, or a long history, of a removed account. */
const STEP = 500
const NEXT = `
  SELECT rowid AS position, id, stage, lease, content IS NOT NULL AS has_text FROM message
  WHERE recipient = ? AND rowid > ? ORDER BY rowid LIMIT ${STEP}`

const ENDED = `state = 'unreachable', reason = '${REASON}', stage = 2, lease = 0, settled_at = ?,
  deliveries = '[]', content = NULL`
const END_UNBEGUN = `UPDATE message SET ${ENDED} WHERE id = ?`
const END_UNBEGUN_OF = `UPDATE message SET ${ENDED} WHERE recipient = ? AND stage = 0`
const READ_UNLEASED = 'SELECT record FROM delivery WHERE message_id = ? AND lease = 0'
const ERASE = 'UPDATE message SET content = NULL WHERE id = ?'

interface Row {
  position: number
  id: string
  stage: number
  lease: number
  has_text: number
}

export function removeDevice(
  context: WriteContext,
  { recipient, device, at }: OperationOf<'removeDevice'>,
): RemovalStep {
  const removed = Number(context.sql(DELETE_DEVICE).run(recipient, device).changes)
  if (removed === 0) return { removed, settled: [] }
  context.change(recipient)
  return { ...endOrphans(context, { recipient, after: 0, at }), removed }
}

// Also when there is no registration: what an earlier call could not end any more is ended now.
export function removeRecipient(
  context: WriteContext,
  { recipient, at }: Pick<OperationOf<'removeRecipient'>, 'recipient' | 'at'>,
): RemovalStep {
  const removed = Number(context.sql(DELETE_RECIPIENT).run(recipient).changes)
  if (removed !== 0) context.change(recipient)
  return { ...endOrphans(context, { recipient, after: 0, at }), removed }
}

/** Ends what waits for registrations that are gone, in the next messages of a recipient, and erases texts that nobody needs. */
export function endOrphans(
  context: WriteContext,
  { recipient, after, at }: Omit<OperationOf<'endOrphans'>, 'kind'>,
): RemovalStep {
  const rows = context.sql(NEXT).all(recipient, after) as unknown as Row[]
  const end = { isGone: goneTest(context, recipient), isLast: isUnregistered(context, recipient), at }
  const settled = rows.flatMap(row => endOne(context, row, end))
  const last = rows.length === STEP ? rows.at(-1) : undefined
  return { removed: 0, settled, ...(last === undefined ? {} : { next: last.position }) }
}

interface End {
  isGone: (record: DeliveryRecord) => boolean
  /** There is no registration left. */
  isLast: boolean
  at: number
}

/** Answers the message when nothing of it waits any more. */
function endOne(context: WriteContext, row: Row, end: End): SettledMessage[] {
  if (row.stage === 1) return endWaiting(context, row.id, end)
  if (row.stage === 2 && row.has_text !== 0) eraseUnlessRevivable(context, row.id, end)
  if (row.stage !== 0 || row.lease !== 0 || !end.isLast) return []
  context.sql(END_UNBEGUN).run(end.at, row.id)
  return [{ id: row.id, state: 'unreachable' }]
}

/** Whether a recipient has no registration, in whatever state. */
export function isUnregistered(context: WriteContext, recipient: string): boolean {
  const { active, skipped } = context.registrations.of(recipient)
  return active.length + skipped.length === 0
}

/**
 * Before the first registration of an account: what may still be there is for an account that was removed, and was not
 * ended because it was leased, or because the removal was cut short. Its holder has lost the lease and changes nothing.
 */
export function endUnbegunOf(context: WriteContext, recipient: string, at: number): void {
  context.sql(END_UNBEGUN_OF).run(at, recipient)
}

function goneTest(context: WriteContext, recipient: string): End['isGone'] {
  const { active, skipped } = context.registrations.of(recipient)
  const all = [...active, ...skipped]
  return ({ device, kind, firstVersion }) =>
    !isNamed(
      all.find(other => other.device === device && other.kind === kind),
      firstVersion,
    )
}

function endWaiting(context: WriteContext, id: string, end: End): SettledMessage[] {
  const orphans = context
    .sql(READ_UNLEASED)
    .all(id)
    .map(row => JSON.parse(String(row.record)) as DeliveryRecord)
    .filter(end.isGone)
  if (orphans.length === 0) return []
  for (const record of orphans) deleteWaiting(context, id, record)
  const ended = orphans.map(record => ({ ...record, state: 'unregistered' as const, reason: REASON }))
  const state = updateMessage(context, id, [...readEnded(context, id), ...ended], end.at)
  if (state === 'pending') return []
  eraseUnlessRevivable(context, id, end)
  return [{ id, state }]
}

function eraseUnlessRevivable(context: WriteContext, id: string, { isGone }: End): void {
  const isRevivable = readEnded(context, id).some(record => record.state === 'dead' && !isGone(record))
  if (!isRevivable) context.sql(ERASE).run(id)
}

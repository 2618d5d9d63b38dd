import type { OperationOf } from '../shared/operations.ts'
import type { ExpireResult } from '../store.ts'
import { columnsOf, endWaiting, lockMessages, type OpenMessage } from './open-messages.ts'
import { saveMessages } from './save-messages.ts'
import type { WriteContext } from './write-context.ts'

const EXPIRED = {
  text: `
  SELECT message_id, device, kind FROM delivery WHERE lease = 0 AND expires_at <= $1 ORDER BY expires_at LIMIT $2`,
}
const ERASE_TEXTS = {
  text: `
  WITH expired AS MATERIALIZED (
    SELECT id, settled_at FROM trace WHERE content IS NOT NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2
    FOR UPDATE SKIP LOCKED
  )
  UPDATE trace t SET content = NULL FROM expired e
  WHERE t.id = ANY (ARRAY(SELECT id FROM expired)) AND t.id = e.id AND t.settled_at = e.settled_at`,
}

/** Several nodes do this: what another one was quicker to end is found to be gone. */
export async function expire(
  context: WriteContext,
  { now, limit }: OperationOf<'expire'>,
): Promise<ExpireResult> {
  const { rows } = await context.query(EXPIRED, [now, limit])
  const keys = new Set(rows.map(([id, device, kind]) => `${id}\n${device}\n${kind}`))
  const messages = await lockMessages(context, [...new Set(rows.map(([id]) => String(id)))])
  const changed = [...messages.values()].filter(message => endExpired(message, keys))
  if (changed.length > 0) await saveMessages(context, changed, now)
  const ended = changed.reduce((sum, { gone }) => sum + gone.length, 0)
  const erased = await context.query(ERASE_TEXTS, [now, limit - ended])
  const order = new Map(rows.map(([id], index) => [String(id), index]))
  const settled = changed
    .toSorted((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0))
    .map(message => ({ id: message.id, state: columnsOf(message, now).state }))
    .filter(({ state }) => state !== 'pending')
  return { settled, count: ended + erased.count }
}

function endExpired(message: OpenMessage, keys: ReadonlySet<string>): boolean {
  const expired = message.waiting.filter(
    ({ isFree, record }) => isFree && keys.has(`${message.id}\n${record.device}\n${record.kind}`),
  )
  for (const waiting of expired) endWaiting(message, waiting, { ...waiting.record, state: 'expired' })
  return expired.length > 0
}

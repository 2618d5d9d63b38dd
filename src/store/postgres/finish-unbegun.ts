import type { WriteContext } from './write-context.ts'

/** Why what waited for a registration that was removed is over. */
export const REMOVED = 'registration-removed'

const END = `
  INSERT INTO trace (id, settled_at, received_at, expires_at, recipient, sender, type, state, reason, notes, deliveries)
  SELECT id, $2::bigint, received_at, expires_at, recipient, sender, type, 'unreachable', '${REMOVED}', notes, '[]'
  FROM over`
const COLUMNS = 'id, received_at, expires_at, recipient, sender, type, notes'

const END_ALL = {
  // `+ 0`: not by the index of all that is unbegun.
  text: `WITH over AS (DELETE FROM outbox WHERE recipient = $1 AND stage + 0 = 0 RETURNING ${COLUMNS}) ${END}`,
}
const END_THESE = {
  text: `WITH over AS (DELETE FROM outbox WHERE id = ANY ($1::uuid[]) RETURNING ${COLUMNS}) ${END}`,
}

/**
 * Before the first registration of an account: what may still be there is for an account that was removed, and was not
 * ended because it was leased, or because the removal was cut short. Its holder has lost the lease and changes nothing. What
 * another node is accepting at this moment is not seen, and names the former account; see outbox.account.
 */
export async function endUnbegunOf(context: WriteContext, recipient: string, at: number): Promise<void> {
  await context.query(END_ALL, [recipient, at])
}

export async function endUnbegun(context: WriteContext, ids: readonly string[], at: number): Promise<void> {
  if (ids.length > 0) await context.query(END_THESE, [ids, at])
}

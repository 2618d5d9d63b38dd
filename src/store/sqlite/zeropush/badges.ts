import type { BadgeChange } from '../../../domain/badge.ts'
import { MAX_BADGE } from '../../../domain/badge.ts'
import type { WriteContext } from '../write-context.ts'

const NEW_BADGE = `min(max(CASE WHEN ?1 IS NULL THEN badge + ?2 ELSE ?1 END, 0), ${MAX_BADGE})`
const OF_TOKEN = `UPDATE zeropush_device SET badge = ${NEW_BADGE} WHERE token = ?3 RETURNING badge`
const OF_RECIPIENT = `UPDATE zeropush_device SET badge = ${NEW_BADGE} WHERE recipient = ?3 RETURNING badge`

export function changeBadge(
  context: WriteContext,
  { token, change }: { token: string; change: BadgeChange },
): number | undefined {
  return run(context, OF_TOKEN, change, token)
}

/** Of the device for which a recipient stands. */
export function countBadge(
  context: WriteContext,
  recipient: string,
  change: BadgeChange,
): number | undefined {
  return run(context, OF_RECIPIENT, change, recipient)
}

function run(context: WriteContext, statement: string, change: BadgeChange, key: string): number | undefined {
  const [set, add] = 'set' in change ? [change.set, 0] : [null, change.add]
  const row = context.sql(statement).get(set, add, key)
  return row === undefined ? undefined : Number(row.badge)
}

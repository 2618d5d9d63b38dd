import type { BadgeChange } from '../../../domain/badge.ts'
import { MAX_BADGE } from '../../../domain/badge.ts'
import { clean } from '../text.ts'
import type { WriteContext } from '../write-context.ts'

const CHANGE = {
  text: `
  UPDATE zeropush_device SET badge = least(greatest(coalesce($1::integer, badge + $2::integer), 0), ${MAX_BADGE})
  WHERE token = $3 RETURNING badge`,
}

export async function changeBadge(
  context: WriteContext,
  { token, change }: { token: string; change: BadgeChange },
): Promise<number | undefined> {
  const [set, add] = 'set' in change ? [change.set, 0] : [null, change.add]
  const { rows } = await context.query(CHANGE, [set, add, clean(token)])
  return rows[0] === undefined ? undefined : Number(rows[0][0])
}

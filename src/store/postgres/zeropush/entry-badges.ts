import { MAX_BADGE } from '../../../domain/badge.ts'
import type { EntryRow } from '../../shared/operations.ts'
import { integers, texts } from '../arrays.ts'

/** Part of the statement that accepts: changes the badges of the devices whose messages are queued. */
export const COUNT_BADGES = `
    UPDATE zeropush_device d
    SET badge = least(greatest(coalesce(t.badge_set, d.badge + t.badge_add), 0), ${MAX_BADGE})
    FROM (SELECT * FROM told WHERE reason IS NULL AND coalesce(badge_set, badge_add) IS NOT NULL) t
    WHERE d.recipient = ANY (ARRAY(SELECT recipient FROM told WHERE coalesce(badge_set, badge_add) IS NOT NULL))
      AND d.recipient = t.recipient
    RETURNING d.recipient, d.badge`

/** Part of the same statement: the content as it was given, or with what the badge came to as its `unread`. */
export const COUNTED_CONTENT = `
      CASE WHEN coalesce(badge_set, badge_add) IS NULL THEN content
      ELSE left(content, -1) || coalesce(',"unread":' || coalesce(badge::text, unread), '') || '}' END`

/** What a badge is set to, or changed by; the content, and what it said is unread, apart where a badge is to take its place. */
export function badgeColumns(entries: readonly EntryRow[]): Buffer[] {
  const contents = entries.map(splitUnread)
  return [
    integers(entries.map(({ badge }) => (badge !== undefined && 'set' in badge ? badge.set : null))),
    integers(entries.map(({ badge }) => (badge !== undefined && 'add' in badge ? badge.add : null))),
    texts(contents.map(({ content }) => content)),
    texts(contents.map(({ unread }) => unread)),
  ]
}

function splitUnread({ badge, content }: EntryRow): { content: string | null; unread: string | null } {
  if (badge === undefined || content === null) return { content, unread: null }
  const { unread, ...rest } = JSON.parse(content) as { unread?: number }
  return { content: JSON.stringify(rest), unread: unread === undefined ? null : JSON.stringify(unread) }
}

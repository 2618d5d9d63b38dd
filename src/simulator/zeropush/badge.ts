/** A number to show, or one to add to what each device shows. */
export type Badge = { kind: 'absolute'; value: number } | { kind: 'relative'; value: number }

export const MOST_BADGE = 1_000_000

/** An integer, or `"+N"`, `"-N"`; a space stands for a plus that was not percent-encoded. Undefined for anything else. */
export function parseBadge(value: unknown): Badge | undefined {
  const text = typeof value === 'number' ? String(value) : value
  const [, sign, digits] = (typeof text === 'string' && /^([+ -]?)(\d{1,7})$/.exec(text)) || []
  const number = Number(digits)
  if (digits === undefined || number > MOST_BADGE) return undefined
  if (sign === '') return { kind: 'absolute', value: number }
  // A negative number, unlike the text "-1", is no badge.
  if (typeof value === 'number') return undefined
  return { kind: 'relative', value: sign === '-' ? -number : number }
}

export function applyBadge(shown: number, badge: Badge): number {
  return badge.kind === 'absolute' ? badge.value : Math.max(0, shown + badge.value)
}

import { type BadgeChange, MAX_BADGE } from '../../domain/badge.ts'
import { errors } from '../errors.ts'
import type { Fields } from './form.ts'

/** A form decodes a `+` that was not encoded to a space: nobody writes a number so otherwise. */
const BADGE = /^([+ -]?)(\d{1,6})\s*$/

/** A number is the badge; with a sign it is added to what each device has. */
export function readBadge({ badge }: Fields): BadgeChange | undefined {
  if (badge === undefined || badge === null || badge === '') return undefined
  const [, sign, digits] = BADGE.exec(typeof badge === 'number' ? String(badge) : textOf(badge)) ?? []
  if (digits === undefined) {
    throw new errors.invalidRequest(`badge must be a whole number up to ${MAX_BADGE}, such as 5, +1 or -1`)
  }
  const number = Number(digits)
  if (sign === '') return { set: number }
  return { add: sign === '-' ? -number : number }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

import { hash } from 'node:crypto'
import { type DirectContent, directBytes } from '../../domain/direct-content.ts'
import type { DirectPush } from '../../intake/push-to-devices.ts'
import { errors } from '../errors.ts'
import { readAlert } from './alert.ts'
import { readBadge } from './badge.ts'
import type { Fields } from './form.ts'
import { defined, readInteger, readObject, readWord } from './reading.ts'

const MAX_WORD_BYTES = 256
const MAX_KEY_BYTES = 1024
/** Of Apple's 4096: the rest is for the text. */
const MAX_FIXED_BYTES = 3072
const LATEST_SECONDS = 253_402_300_799
const LONGEST_SECONDS = 366 * 86_400

/** What a call wants phones to show. Throws what is for the caller; what has no meaning here is ignored. */
export function readPush(fields: Fields, now: number): DirectPush {
  const data = readObject(fields, 'data')
  const { title, body, alert } = readAlert(fields, data)
  const fixed: DirectContent = defined({
    alert,
    sound: readWord(fields, 'sound', MAX_WORD_BYTES),
    category: readWord(fields, 'category', MAX_WORD_BYTES),
    collapseKey: readCollapseKey(fields),
    contentAvailable: isTrue(fields.content_available) ? (true as const) : undefined,
    info: readObject(fields, 'info'),
    data: data && withoutAps(data),
  })
  if (directBytes(fixed) > MAX_FIXED_BYTES) {
    throw new errors.invalidRequest(
      `info, data and the keys of alert take more than ${MAX_FIXED_BYTES} bytes together`,
    )
  }
  const shown = defined({ badge: readBadge(fields), body, title })
  if (Object.keys({ ...shown, ...fixed }).length === 0) {
    throw new errors.invalidRequest('it lacks alert, badge, sound, content_available, info and data')
  }
  const { title: shownTitle, ...rest } = shown
  return {
    ...rest,
    ...defined({ expiresAt: readExpiry(fields, now) }),
    direct: { ...fixed, ...defined({ title: shownTitle }) },
  }
}

/** As it was: nothing else counts. */
function isTrue(value: unknown): boolean {
  return value === true || value === 'true'
}

/** Providers take 64 bytes and plain characters. */
function readCollapseKey(fields: Fields): string | undefined {
  const key = readWord(fields, 'collapse_key', MAX_KEY_BYTES)
  if (key === undefined || /^[\x21-\x7e]{1,64}$/.test(key)) return key
  return hash('sha256', key, 'base64url')
}

/** Its keys stand beside `aps` in Apple's payload, and in place of it they do not. */
function withoutAps({ aps: _aps, ...data }: Record<string, unknown>): Record<string, unknown> {
  return data
}

function readExpiry(fields: Fields, now: number): number | undefined {
  const expiry = readInteger(fields, 'expiry', 0, LATEST_SECONDS)
  if (expiry !== undefined) return expiry * 1000
  const seconds = readInteger(fields, 'time_to_live', 0, LONGEST_SECONDS)
  return seconds === undefined ? undefined : now + seconds * 1000
}

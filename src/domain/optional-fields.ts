import { MAX_BADGE } from './badge.ts'
import { MAX_FIELD_BYTES, MESSAGE_TYPES, type OfflineMessage } from './offline-message.ts'
import { beginningOf } from './text.ts'

export interface OptionalDraftFields {
  id?: unknown
  type?: unknown
  nick?: unknown
  room?: unknown
  thread?: unknown
  unread?: unknown
  sentAt?: unknown
  encrypted?: unknown
}

type OptionalFields = Pick<
  OfflineMessage,
  'type' | 'encrypted' | 'stanzaId' | 'nick' | 'room' | 'thread' | 'unread' | 'sentAt'
>

/** How a draft's fields are to be read. */
export interface Reading {
  hasBody: boolean
  /** The format knows nothing but texts, as a form: a count or a flag is one there, and nothing had to be coerced. */
  onlyTexts: boolean
  /** Receives what had to be changed, by name. */
  notes: string[]
}

/** The fields that cannot make a message invalid. */
export function readOptionalFields(draft: OptionalDraftFields, reading: Reading): OptionalFields {
  const { notes } = reading
  const stanzaId = readText('id', draft.id, notes)
  const nick = readText('nick', draft.nick, notes)
  const room = readText('room', draft.room, notes)
  const thread = readText('thread', draft.thread, notes)
  const unread = readUnread(draft.unread, reading)
  const sentAt = readInstant(draft.sentAt, notes)
  return {
    type: readType(draft.type, notes),
    encrypted: readFlag(draft.encrypted, reading),
    ...(stanzaId === undefined ? {} : { stanzaId }),
    ...(nick === undefined ? {} : { nick }),
    ...(room === undefined ? {} : { room }),
    ...(thread === undefined ? {} : { thread }),
    ...(unread === undefined ? {} : { unread }),
    ...(sentAt === undefined ? {} : { sentAt }),
  }
}

function isAbsent(value: unknown): value is undefined | null | '' {
  return value === undefined || value === null || value === ''
}

const TYPES: readonly OfflineMessage['type'][] = [...MESSAGE_TYPES, 'headline', 'error']

// RFC 6121 §5.2.2 reads an unknown type as `normal`; a chat message is what callers of this relay leave unlabelled.
function readType(value: unknown, notes: string[]): OfflineMessage['type'] {
  const type = TYPES.find(known => known === value)
  if (type === undefined && !isAbsent(value)) notes.push('type read as chat')
  return type ?? 'chat'
}

/** One line of text of at most 1 KiB. Control characters become spaces: a name must not break a line or end a string. */
function readText(name: string, value: unknown, notes: string[]): string | undefined {
  if (isAbsent(value)) return undefined
  const given = typeof value === 'number' && Number.isFinite(value) ? String(value) : value
  if (typeof given !== 'string') {
    notes.push(`${name} dropped`)
    return undefined
  }
  if (given !== value) notes.push(`${name} coerced`)
  const start = given.slice(0, MAX_FIELD_BYTES + 2)
  const clean = start.toWellFormed().replace(/\p{Cc}/gu, ' ')
  const text = beginningOf(clean, MAX_FIELD_BYTES)
  if (clean !== start) notes.push(`${name} repaired`)
  if (start.length < given.length || text.length < clean.length) notes.push(`${name} cut`)
  return text
}

function readUnread(value: unknown, { onlyTexts, notes }: Reading): number | undefined {
  if (isAbsent(value)) return undefined
  const count = toNumber(value)
  if (count === undefined || !Number.isInteger(count) || count < 0) {
    notes.push('unread dropped')
    return undefined
  }
  if (typeof value === 'string' && !onlyTexts) notes.push('unread coerced')
  if (count > MAX_BADGE) notes.push('unread cut')
  return Math.min(count, MAX_BADGE)
}

/** A number, or a text that is nothing but a plain decimal number, as a form has it. */
function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return typeof value === 'string' && /^\s*\d{1,20}(\.\d{1,9})?\s*$/.test(value) ? Number(value) : undefined
}

const FLAGS = new Map<unknown, boolean>([
  [true, true],
  [1, true],
  ['true', true],
  ['1', true],
  [false, false],
  [0, false],
  ['false', false],
  ['0', false],
])

/** What nobody can read as yes or no means yes where there is no body: else a field of no importance lost the message. */
function readFlag(value: unknown, { hasBody, onlyTexts, notes }: Reading): boolean {
  if (isAbsent(value)) return false
  const flag = FLAGS.get(typeof value === 'string' ? value.toLowerCase() : value)
  if (flag === undefined) notes.push(hasBody ? 'encrypted dropped' : 'encrypted read as true')
  else if (flag !== value && !onlyTexts) notes.push('encrypted coerced')
  return flag ?? !hasBody
}

const EARLIEST = Date.UTC(2000, 0)
const LATEST = Date.UTC(2100, 0)
// XEP-0082, and RFC 3339 with it; without a zone it is UTC, as everything in XMPP.
const DATE_TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)?$/

function readInstant(value: unknown, notes: string[]): number | undefined {
  if (isAbsent(value)) return undefined
  const number = toNumber(value)
  const match = number === undefined && typeof value === 'string' ? DATE_TIME.exec(value.trim()) : null
  const instant = number === undefined ? fromDateTime(match) : fromEpoch(number)
  const isKnown = instant >= EARLIEST && instant < LATEST
  if (!isKnown) notes.push('sentAt dropped')
  // A unit or a zone had to be guessed.
  else if (match?.[2] === undefined) notes.push('sentAt coerced')
  return isKnown ? instant : undefined
}

// Seconds, milliseconds and microseconds since 1970 differ by three digits each; ejabberd has all three.
function fromEpoch(number: number): number {
  if (number < LATEST / 1000) return Math.round(number * 1000)
  return Math.round(number < LATEST ? number : number / 1000)
}

function fromDateTime(match: RegExpExecArray | null): number {
  if (match === null) return Number.NaN
  return Date.parse(match[2] === undefined ? `${match[0]}Z` : match[0])
}

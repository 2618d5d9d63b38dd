import type { AlertFields } from '../../domain/direct-content.ts'
import { MAX_BODY_BYTES } from '../../domain/offline-message.ts'
import { beginningOf } from '../../domain/text.ts'
import { isRecord } from '../dialects/json.ts'
import { errors } from '../errors.ts'
import type { Fields } from './form.ts'
import { defined, objectIn } from './reading.ts'

export interface Alert {
  title?: string
  body?: string
  /** The other keys of Apple's dictionary. */
  alert?: AlertFields
}

const MAX_TITLE_BYTES = 1024

// developer.apple.com, "Generating a remote notification". Others Apple ignores, and so they go no further.
const TEXT_KEYS = [
  'subtitle',
  'loc-key',
  'title-loc-key',
  'subtitle-loc-key',
  'action-loc-key',
  'launch-image',
]
const LIST_KEYS = ['loc-args', 'title-loc-args', 'subtitle-loc-args']
const KEYS: readonly string[] = ['title', 'body', ...TEXT_KEYS, ...LIST_KEYS]

/**
 * `alert` is a text or Apple's dictionary, in a form its JSON. Without it the text is Safari's `body`, or what apps on
 * Android read of `data`.
 */
export function readAlert(fields: Fields, data: Readonly<Record<string, unknown>> = {}): Alert {
  const dictionary = dictionaryIn(fields.alert)
  const given = dictionary ?? {
    body: isGiven(fields.alert) ? fields.alert : (fields.body ?? data.alert ?? data.message),
  }
  const alert = alertFields(given)
  return defined({
    title: shownText('title', fields.title ?? given.title ?? data.title, MAX_TITLE_BYTES),
    body: shownText(dictionary === undefined ? 'alert' : 'alert.body', given.body, MAX_BODY_BYTES),
    alert: Object.keys(alert).length === 0 ? undefined : alert,
  })
}

/** A text only counts when it says something that a dictionary can say: people write braces, too. */
function dictionaryIn(alert: unknown): Record<string, unknown> | undefined {
  if (isRecord(alert)) return alert
  const object = typeof alert === 'string' ? objectIn(alert) : undefined
  return object !== undefined && Object.keys(object).some(key => KEYS.includes(key)) ? object : undefined
}

function alertFields(given: Readonly<Record<string, unknown>>): AlertFields {
  const texts = TEXT_KEYS.map(key => [key, shownText(`alert.${key}`, given[key], MAX_BODY_BYTES)] as const)
  const lists = LIST_KEYS.map(key => [key, textList(`alert.${key}`, given[key])] as const)
  return defined(Object.fromEntries([...texts, ...lists])) as AlertFields
}

/** Cut where it is too long: a sender would not try again with less. */
function shownText(name: string, value: unknown, maxBytes: number): string | undefined {
  if (!isGiven(value)) return undefined
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new errors.invalidRequest(`${name} must be a text`)
  // Before and after: U+FFFD may be longer than what it stands for.
  const start = String(value).slice(0, maxBytes + 2)
  return beginningOf(start.toWellFormed().replaceAll('\0', '\ufffd'), maxBytes)
}

function textList(name: string, value: unknown): string[] | undefined {
  if (!isGiven(value)) return undefined
  if (!Array.isArray(value)) throw new errors.invalidRequest(`${name} must be a list of texts`)
  return value.map(text => shownText(name, text, MAX_BODY_BYTES) ?? '')
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

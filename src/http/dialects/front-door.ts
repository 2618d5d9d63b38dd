import type { MessageDraft } from '../../domain/message-draft.ts'
import { percentDecoded, strictText } from './byte-text.ts'
import type { ParsedBody } from './dialect.ts'
import { isRecord, parseJson } from './json.ts'

const FIELDS = [
  'to',
  'from',
  'body',
  'id',
  'type',
  'nick',
  'room',
  'thread',
  'unread',
  'sentAt',
  'encrypted',
  'vhost',
] as const satisfies readonly (keyof MessageDraft)[]

const MAX_MESSAGES = 1000

/** One object, or up to 1000 in an array. An entry that is no object is undefined, and spoils no other. */
export function parseJsonMessages(raw: Buffer): ParsedBody {
  const json = parseJson(raw)
  if (!json.ok) return json
  if (!Array.isArray(json.value)) {
    return isRecord(json.value)
      ? { ok: true, drafts: [pickFields(json.value)], many: false }
      : { ok: false, problem: 'it is neither an object nor an array of objects' }
  }
  if (json.value.length === 0) return { ok: false, problem: 'the array is empty' }
  if (json.value.length > MAX_MESSAGES) return { ok: false, problem: 'the array has more than 1000 entries' }
  const drafts = json.value.map(entry => (isRecord(entry) ? pickFields(entry) : undefined))
  return { ok: true, drafts, many: true }
}

/** Only what callers may say: a draft has more fields than these. */
function pickFields(object: Record<string, unknown>): MessageDraft {
  const draft: MessageDraft = {}
  for (const name of FIELDS) {
    const value = object[name]
    if (value !== undefined) draft[name] = value
  }
  return draft
}

export type ParsedForm =
  | { ok: true; draft: MessageDraft /** RFC 6750 §2.2. */; accessToken: string | undefined }
  | { ok: false; problem: string }

const MAX_PAIRS = 1000
/** Said twice, the sender of the text may have said one of them. */
const ONCE: readonly string[] = ['to', 'from', 'body', 'vhost', 'access_token']

// The form's encoding writes these characters as %7B and %5B, and curl posts JSON as a form unless it is told otherwise.
const BEGINS_LIKE_JSON = /^\s*[{[]/
const READ_AS_FORM = 'it begins like JSON, but was read as a form; send Content-Type: application/json'

/** One message as `application/x-www-form-urlencoded` (https://url.spec.whatwg.org/#urlencoded-parsing), strict about UTF-8. */
export function parseForm(raw: Buffer): ParsedForm {
  const text = raw.toString('latin1')
  if (BEGINS_LIKE_JSON.test(text)) return { ok: false, problem: READ_AS_FORM }
  const pairs = text.split('&', MAX_PAIRS + 1)
  if (pairs.length > MAX_PAIRS) return { ok: false, problem: 'it has more than 1000 fields' }
  const fields = new Map<string, string>()
  const notes: string[] = []
  for (const pair of pairs) {
    const problem = pair === '' ? undefined : addPair(pair, fields, notes)
    if (problem !== undefined) return { ok: false, problem }
  }
  const draft: MessageDraft = { ...pickFields(Object.fromEntries(fields)), onlyTexts: true, notes }
  return { ok: true, draft, accessToken: fields.get('access_token') }
}

function addPair(pair: string, fields: Map<string, string>, notes: string[]): string | undefined {
  const equals = pair.indexOf('=')
  const name = decoded(equals < 0 ? pair : pair.slice(0, equals))
  const value = decoded(equals < 0 ? '' : pair.slice(equals + 1))
  if (name === undefined || value === undefined) return 'it is not UTF-8'
  if (!fields.has(name)) fields.set(name, value)
  else if (ONCE.includes(name)) return `it has ${name} twice`
  else if (FIELDS.some(known => known === name)) notes.push(`${name} repeated`)
  return undefined
}

function decoded(bytes: string): string | undefined {
  return strictText(percentDecoded(bytes.replaceAll('+', ' ')))
}

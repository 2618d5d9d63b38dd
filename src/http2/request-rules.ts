import assert from 'node:assert/strict'
import { isConnectionSpecific, isFieldName, isFieldValue } from './field-rules.ts'
import type { Http2Request } from './http2-client.ts'

/** RFC 9110 §5.6.2. */
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** A path and perhaps a query, in visible ASCII; or the asterisk of OPTIONS (RFC 9113 §8.3.1). */
const PATH = /^(?:\/[\x21-\x7e]*|\*)$/

/** Header objects that come again, as those of a provider do, are looked at once; so are names, which are few. */
const known = new WeakSet<object>()
const knownNames = new Set<string>()
const MOST_NAMES = 1000

/**
 * Fails for a request that would be malformed (RFC 9113 §8.2, §8.3.1): a bug of the caller's, found before anything is
 * written, since half a field block cannot be taken back.
 */
export function assertSendable({ method, path, headers, uniqueHeaders }: Http2Request): void {
  assert(METHOD.test(method), 'a method is a token')
  assert(PATH.test(path), 'a path begins with a slash and is visible ASCII')
  assertFields(uniqueHeaders)
  if (known.has(headers)) return
  assertFields(headers)
  known.add(headers)
}

function assertFields(fields: Readonly<Record<string, string>>): void {
  for (const name in fields) {
    if (!knownNames.has(name)) assertName(name)
    assert(
      isFieldValue(fields[name] ?? ''),
      'a field value is Latin-1 without control characters or space around',
    )
  }
}

function assertName(name: string): void {
  assert(isFieldName(name), 'a field name is a token in lower case')
  assert(!isConnectionSpecific(name), 'no field speaks of the connection')
  if (knownNames.size < MOST_NAMES) knownNames.add(name)
}

import assert from 'node:assert/strict'
import type { Http2Request } from './http2-client.ts'

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const PATH = /^[\x21-\x7e]+$/

/** Header objects that come again, as those of a provider do, are looked at once; so are names, which are few. */
const known = new WeakSet<object>()
const knownNames = new Set<string>()
const MOST_NAMES = 1000

/**
 * Fails for a request that would be malformed (RFC 9113 §8.2.1, §8.3.1): a bug of the caller's, found before anything is
 * written, since half a field block cannot be taken back.
 */
export function assertSendable({ path, headers, uniqueHeaders }: Http2Request): void {
  assert(PATH.test(path), 'a path is visible ASCII')
  assertFields(uniqueHeaders)
  if (known.has(headers)) return
  assertFields(headers)
  known.add(headers)
}

function assertFields(fields: Readonly<Record<string, string>>): void {
  for (const name in fields) {
    if (!knownNames.has(name)) assertName(name)
    assert(VALUE.test(fields[name] ?? ''), 'a field value is Latin-1 without control characters')
  }
}

function assertName(name: string): void {
  assert(NAME.test(name), 'a field name is a token in lower case')
  if (knownNames.size < MOST_NAMES) knownNames.add(name)
}

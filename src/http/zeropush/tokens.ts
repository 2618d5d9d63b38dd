import { isRecord, parseJson } from '../dialects/json.ts'
import { errors } from '../errors.ts'
import type { Fields } from './form.ts'
import { readText } from './reading.ts'

/** Devices of one call: they share a commit. */
export const MAX_TOKENS = 1000
const MAX_TOKEN_BYTES = 4096
const HEX = /^[0-9a-f]+$/i

/** The one form in which a token is known: iOS prints it as `<ab12 …>`, and hexadecimal digits have no case. */
export function canonicalToken(text: string): string {
  const token = text.replace(/[<>\s]/g, '')
  return HEX.test(token) ? token.toLowerCase() : token
}

export function readToken(fields: Fields, name = 'device_token'): string {
  const token = canonicalToken(readText(fields, name, MAX_TOKEN_BYTES) ?? '')
  if (token === '') throw new errors.invalidRequest(`${name} is required`)
  return token
}

/** By their canonical form, as they were given. */
export function readTokens({ device_tokens: value }: Fields): ReadonlyMap<string, string> {
  const given = textsOf(value)
    .map(text => text.trim())
    .filter(text => text !== '')
  if (given.length === 0) throw new errors.invalidRequest('device_tokens is required')
  if (given.length > MAX_TOKENS)
    throw new errors.invalidRequest(`device_tokens may be ${MAX_TOKENS} at most in one call`)
  return new Map(given.map(text => [canonicalToken(text), text]))
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string')
    return value.trimStart().startsWith('[') ? textsOf(listIn(value)) : value.split(',')
  const values = isRecord(value) ? Object.values(value) : value
  if (values === undefined || values === null) return []
  if (!Array.isArray(values) || values.some(text => typeof text !== 'string')) {
    throw new errors.invalidRequest('device_tokens must be a list of texts')
  }
  return values as string[]
}

function listIn(text: string): unknown {
  const json = parseJson(Buffer.from(text))
  return json.ok && Array.isArray(json.value) ? json.value : [text]
}

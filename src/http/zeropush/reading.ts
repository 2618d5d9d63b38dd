import { isRecord, parseJson } from '../dialects/json.ts'
import { errors } from '../errors.ts'
import type { Fields } from './form.ts'

/** One text, or a number in its place; undefined when it is absent. Throws what is for the caller. */
export function readText(fields: Fields, name: string, maxBytes: number): string | undefined {
  const value = fields[name]
  if (value === undefined || value === null) return undefined
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string') throw new errors.invalidRequest(`${name} must be one text`)
  if (Buffer.byteLength(text) > maxBytes)
    throw new errors.invalidRequest(`${name} is longer than ${maxBytes} bytes`)
  return text.toWellFormed().replaceAll('\0', '\ufffd')
}

/** As readText; an empty one is absent: forms send what nobody has filled in. */
export function readWord(fields: Fields, name: string, maxBytes: number): string | undefined {
  return readText(fields, name, maxBytes)?.trim() || undefined
}

/** An object, or in a form its JSON. */
export function readObject(fields: Fields, name: string): Record<string, unknown> | undefined {
  const value = fields[name]
  if (value === undefined || value === null || value === '') return undefined
  const object = typeof value === 'string' ? objectIn(value) : value
  if (!isRecord(object) || !isShallow(object, MAX_DEPTH))
    throw new errors.invalidRequest(`${name} must be an object, or its JSON`)
  return object
}

/** Deeper than anybody means, and shallow enough for everybody who reads it. */
const MAX_DEPTH = 16

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.values(value).every(inner => isShallow(inner, depth - 1))
}

/** The object of a JSON text that begins like one. */
export function objectIn(text: string): Record<string, unknown> | undefined {
  if (!text.trimStart().startsWith('{')) return undefined
  const json = parseJson(Buffer.from(text))
  return json.ok && isRecord(json.value) ? json.value : undefined
}

/** A whole number from `least` to `most`. */
export function readInteger(fields: Fields, name: string, least: number, most: number): number | undefined {
  const text = readWord(fields, name, 32)
  if (text === undefined) return undefined
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (number >= least && number <= most) return number
  throw new errors.invalidRequest(`${name} must be a whole number from ${least} to ${most}`)
}

/** Only what is there. */
export function defined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> }
}

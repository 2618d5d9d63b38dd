import { isUtf8 } from 'node:buffer'

export type ParsedJson = { ok: true; value: unknown } | { ok: false; problem: string }

/** Strict about UTF-8: RFC 8259 §8.1 allows nothing else. A byte order mark is ignored. Never throws. */
export function parseJson(raw: Buffer): ParsedJson {
  if (raw.length === 0) return { ok: false, problem: 'it is empty' }
  if (!isUtf8(raw)) return { ok: false, problem: 'it is not UTF-8' }
  try {
    return { ok: true, value: JSON.parse(raw.toString('utf8').replace(/^\ufeff/, '')) }
  } catch {
    // The parser's message quotes the text.
    return { ok: false, problem: 'it is not JSON' }
  }
}

/** An object's own field, so that nothing that a prototype has is ever taken for one. */
export function ownField(object: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(object, name)?.value
}

export function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

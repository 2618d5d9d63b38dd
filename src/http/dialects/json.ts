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

/** JSON.parse makes `__proto__` an ordinary field, and no field of ours is one that every object has. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

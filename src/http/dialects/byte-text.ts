import { isUtf8 } from 'node:buffer'

// Bytes as a string with one character each (latin1), so that a module's fixed form can be written as one expression
// and still no byte is interpreted before its field is known.

/** The text, or undefined when the bytes are not UTF-8: for fields that say who is meant. */
export function strictText(bytes: string | undefined): string | undefined {
  if (bytes === undefined) return undefined
  const buffer = Buffer.from(bytes, 'latin1')
  return isUtf8(buffer) ? buffer.toString('utf8') : undefined
}

/** The text with U+FFFD for what is not UTF-8, and a note: the module will not send it again. */
export function lenientText(name: string, bytes: string | undefined, notes: string[]): string | undefined {
  if (bytes === undefined) return undefined
  const buffer = Buffer.from(bytes, 'latin1')
  if (!isUtf8(buffer)) notes.push(`${name} repaired`)
  return buffer.toString('utf8')
}

const PERCENT = 0x25

/** Percent-decodes byte by byte. A `%` that no two hex digits follow stays, as https://url.spec.whatwg.org/#percent-decode. */
export function percentDecoded(bytes: string): string {
  if (!bytes.includes('%')) return bytes
  const buffer = Buffer.from(bytes, 'latin1')
  let written = 0
  for (let index = 0; index < buffer.length; index++) {
    const byte = buffer[index] ?? 0
    const decoded = byte === PERCENT ? hexByte(buffer, index + 1) : undefined
    buffer[written++] = decoded ?? byte
    if (decoded !== undefined) index += 2
  }
  return buffer.toString('latin1', 0, written)
}

function hexByte(buffer: Buffer, index: number): number | undefined {
  const high = hexDigit(buffer[index])
  const low = hexDigit(buffer[index + 1])
  return high === undefined || low === undefined ? undefined : high * 16 + low
}

function hexDigit(code: number | undefined): number | undefined {
  if (code === undefined) return undefined
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : undefined
}

import { ConnectionError } from '../../../src/http2/errors.ts'
import type { HeaderDecoder, HeaderList } from '../../../src/http2/hpack/header-decoder.ts'
import type { OutputBuffer } from '../../../src/http2/output-buffer.ts'
import type { Field } from './appendix-c.ts'

/** From hexadecimal; spaces are for the reader. */
export function octets(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex')
}

/** Decodes a block that does not begin where its buffer does, as a frame's. */
export function decodeBlock(decoder: HeaderDecoder, block: Buffer | string): HeaderList {
  const bytes = typeof block === 'string' ? octets(block) : block
  // Zeros end any integer, and are a string: whoever reads on finds something.
  const around = Buffer.concat([octets('82 c0'), bytes, octets('00 00 00 00')])
  return decoder.decode(around, 2, 2 + bytes.length)
}

export function decodeFields(decoder: HeaderDecoder, block: Buffer | string): Field[] {
  return pairs(decodeBlock(decoder, block).fields)
}

export function pairs(fields: HeaderList['fields']): Field[] {
  return fields.map(({ name, value }) => [name, value])
}

/** What was written to `output` since the last time. */
export function written(output: OutputBuffer): Buffer {
  return Buffer.from(output.take())
}

/** To be given to `assert.throws`. */
export function compressionError(section: string): (error: unknown) => boolean {
  return error =>
    error instanceof ConnectionError &&
    error.code === 'COMPRESSION_ERROR' &&
    error.rule === `RFC 7541 ${section}`
}

/** The first octets of an integer with a prefix of `bits` bits under `pattern` (RFC 7541 §5.1), and those that follow. */
export function integer(pattern: number, bits: number, value: number): Buffer {
  const most = 2 ** bits - 1
  if (value < most) return Buffer.from([pattern | value])
  const bytes = [pattern | most]
  let rest = value - most
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Buffer.from([...bytes, rest])
}

/** A literal that enters the table, name and value in plain octets (RFC 7541 §6.2.1). */
export function literal(name: string, value: string, pattern = 0x40): Buffer {
  return Buffer.concat([Buffer.from([pattern]), text(name), text(value)])
}

export function text(value: string): Buffer {
  return Buffer.concat([integer(0, 7, value.length), Buffer.from(value, 'latin1')])
}

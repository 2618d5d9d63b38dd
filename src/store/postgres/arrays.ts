/**
 * Arrays as PostgreSQL's binary format has them (array_send in src/backend/utils/adt/arrayfuncs.c): what a batch consists of is
 * neither escaped here nor parsed there, which as text costs more than storing it.
 */
const OIDS = { bool: 16, int8: 20, int4: 23, text: 25, uuid: 2950 } as const
const HEADER_BYTES = 20
const LENGTH_BYTES = 4
const UUID_BYTES = 16

type Writer<T> = (buffer: Buffer, value: T, at: number) => number

export function texts(values: readonly (string | null)[]): Buffer {
  let bytes = 0
  for (const value of values) bytes += value === null ? 0 : Buffer.byteLength(value)
  return encode(OIDS.text, values, bytes, (buffer, value, at) => buffer.write(value, at))
}

/** With or without hyphens. */
export function uuids(values: readonly (string | null)[]): Buffer {
  return encode(OIDS.uuid, values, values.length * UUID_BYTES, (buffer, value, at) =>
    buffer.write(value.replaceAll('-', ''), at, 'hex'),
  )
}

/** Safe integers. */
export function bigints(values: readonly (number | null)[]): Buffer {
  return encode(OIDS.int8, values, values.length * 8, (buffer, value, at) => {
    const high = Math.floor(value / 2 ** 32)
    buffer.writeInt32BE(high, at)
    return buffer.writeUInt32BE(value - high * 2 ** 32, at + 4) - at
  })
}

export function integers(values: readonly (number | null)[]): Buffer {
  return encode(OIDS.int4, values, values.length * 4, (buffer, value, at) => {
    return buffer.writeInt32BE(value, at) - at
  })
}

export function booleans(values: readonly boolean[]): Buffer {
  return encode(OIDS.bool, values, values.length, (buffer, value, at) => {
    return buffer.writeUInt8(value ? 1 : 0, at) - at
  })
}

/** `bytes`: of all values together, at the most. */
function encode<T>(oid: number, values: readonly (T | null)[], bytes: number, write: Writer<T>): Buffer {
  const buffer = Buffer.allocUnsafe(HEADER_BYTES + values.length * LENGTH_BYTES + bytes)
  let at = writeHeader(buffer, oid, values.length)
  let hasNull = 0
  for (const value of values) {
    if (value === null) {
      hasNull = 1
      at = buffer.writeInt32BE(-1, at)
    } else {
      const written = write(buffer, value, at + LENGTH_BYTES)
      at = buffer.writeInt32BE(written, at) + written
    }
  }
  buffer.writeInt32BE(hasNull, 4)
  return buffer.subarray(0, at)
}

/** An empty array has no dimension. */
function writeHeader(buffer: Buffer, oid: number, length: number): number {
  buffer.writeInt32BE(length === 0 ? 0 : 1, 0)
  buffer.writeInt32BE(0, 4)
  buffer.writeInt32BE(oid, 8)
  if (length === 0) return 12
  buffer.writeInt32BE(length, 12)
  return buffer.writeInt32BE(1, 16)
}

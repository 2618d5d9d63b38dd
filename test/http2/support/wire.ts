/**
 * Frames octet by octet (RFC 9113 §4, §6), without the engine's own reader and writer: a mistake on both sides would go
 * unseen.
 */

export const TYPES = [
  'DATA',
  'HEADERS',
  'PRIORITY',
  'RST_STREAM',
  'SETTINGS',
  'PUSH_PROMISE',
  'PING',
  'GOAWAY',
  'WINDOW_UPDATE',
  'CONTINUATION',
] as const

export type TypeName = (typeof TYPES)[number]

/** RFC 9113 §7, in the order of their numbers. */
export const CODES = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
] as const

export type Code = (typeof CODES)[number]

export const END_STREAM = 0x1
export const ACK = 0x1
export const END_HEADERS = 0x4
export const PADDED = 0x8
export const PRIORITY = 0x20

/** RFC 9113 §6.5.2. */
export const SETTING = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const

const EMPTY = Buffer.alloc(0)

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

export interface FrameParts {
  type: TypeName | number
  flags?: number
  streamId?: number
  payload?: Buffer
  /** What the head says, if it is to lie. */
  length?: number
}

export function frame({ type, flags = 0, streamId = 0, payload = EMPTY, length }: FrameParts): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(length ?? payload.length, 0, 3)
  head[3] = typeof type === 'number' ? type : TYPES.indexOf(type)
  head[4] = flags
  head.writeUInt32BE(streamId >>> 0, 5)
  return Buffer.concat([head, payload])
}

export function settings(entries: Partial<Record<keyof typeof SETTING, number>> = {}): Buffer {
  return rawSettings(
    Object.entries(entries).map(([name, value]) => [SETTING[name as keyof typeof SETTING], value]),
  )
}

export function rawSettings(entries: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.concat(
    entries.map(([id, value]) => Buffer.concat([Buffer.from([id >> 8, id & 0xff]), uint32(value)])),
  )
  return frame({ type: 'SETTINGS', payload })
}

export function settingsAck(): Buffer {
  return frame({ type: 'SETTINGS', flags: ACK })
}

export function ping(text = 'abcdefgh', isAck = false): Buffer {
  return frame({ type: 'PING', flags: isAck ? ACK : 0, payload: Buffer.from(text, 'latin1') })
}

export function goaway(lastStreamId: number, code: Code | number = 'NO_ERROR', debugData = ''): Buffer {
  const payload = Buffer.concat([uint32(lastStreamId), uint32(codeNumber(code)), Buffer.from(debugData)])
  return frame({ type: 'GOAWAY', payload })
}

export function reset(streamId: number, code: Code | number): Buffer {
  return frame({ type: 'RST_STREAM', streamId, payload: uint32(codeNumber(code)) })
}

export function windowUpdate(streamId: number, increment: number): Buffer {
  return frame({ type: 'WINDOW_UPDATE', streamId, payload: uint32(increment) })
}

export function priority(streamId: number): Buffer {
  return frame({ type: 'PRIORITY', streamId, payload: Buffer.from([0, 0, 0, 0, 15]) })
}

export interface BodyOptions {
  end?: boolean
  /** Octets of padding, besides the one that says how many. */
  padding?: number
}

export function data(streamId: number, body: Buffer | string, options: BodyOptions = {}): Buffer {
  const flags = (options.end ? END_STREAM : 0) | (options.padding === undefined ? 0 : PADDED)
  return frame({ type: 'DATA', flags, streamId, payload: pad(Buffer.from(body), options.padding) })
}

export interface HeadersOptions extends BodyOptions {
  /** False: CONTINUATION follows. */
  endHeaders?: boolean
  priority?: boolean
}

export function headers(
  streamId: number,
  fields: readonly Field[] | Buffer,
  options: HeadersOptions = {},
): Buffer {
  const block = Buffer.isBuffer(fields) ? fields : fieldBlock(fields)
  const flags =
    (options.end ? END_STREAM : 0) |
    (options.endHeaders === false ? 0 : END_HEADERS) |
    (options.padding === undefined ? 0 : PADDED) |
    (options.priority ? PRIORITY : 0)
  const content = options.priority ? Buffer.concat([Buffer.from([0, 0, 0, 0, 15]), block]) : block
  return frame({ type: 'HEADERS', flags, streamId, payload: pad(content, options.padding) })
}

export function continuation(streamId: number, block: Buffer, endHeaders = true): Buffer {
  return frame({ type: 'CONTINUATION', flags: endHeaders ? END_HEADERS : 0, streamId, payload: block })
}

/** A response without a body. */
export function answer(streamId: number, status = 200, ...fields: Field[]): Buffer {
  return headers(streamId, [[':status', String(status)], ...fields], { end: true })
}

export type Field = readonly [name: string, value: string]

/** Literals without indexing and without Huffman code (RFC 7541 §6.2.2): they leave no trace in the table. */
export function fieldBlock(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.map(([name, value]) => Buffer.concat([Buffer.from([0]), text(name), text(value)])),
  )
}

/** RFC 7541 §5.1, with a prefix of `bits`. */
export function integer(value: number, bits: number, pattern = 0): Buffer {
  const most = 2 ** bits - 1
  if (value < most) return Buffer.from([pattern | value])
  const octets = [pattern | most]
  let rest = value - most
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) + 128)
  return Buffer.from([...octets, rest])
}

function text(value: string): Buffer {
  return Buffer.concat([integer(value.length, 7), Buffer.from(value, 'latin1')])
}

function pad(content: Buffer, padding: number | undefined): Buffer {
  if (padding === undefined) return content
  return Buffer.concat([Buffer.from([padding]), content, Buffer.alloc(padding)])
}

function codeNumber(code: Code | number): number {
  return typeof code === 'number' ? code : CODES.indexOf(code)
}

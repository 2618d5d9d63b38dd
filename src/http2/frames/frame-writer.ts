import { ERROR_CODES, type ErrorName } from '../errors.ts'
import type { OutputBuffer } from '../output-buffer.ts'
import { FLAGS, FRAME_HEADER_SIZE, FRAME_TYPES } from './frame.ts'

/** Frames as a client sends them, each appended to what leaves with this turn of the event loop (RFC 9113 §6). */

export function writeSettings(
  output: OutputBuffer,
  settings: readonly (readonly [id: number, value: number])[],
) {
  writeHead(output, { type: FRAME_TYPES.SETTINGS, flags: 0, streamId: 0, length: settings.length * 6 })
  for (const [id, value] of settings) {
    output.uint16(id)
    output.uint32(value)
  }
}

export function writeSettingsAck(output: OutputBuffer): void {
  writeHead(output, { type: FRAME_TYPES.SETTINGS, flags: FLAGS.ACK, streamId: 0, length: 0 })
}

/** `payload`: eight octets. */
export function writePing(output: OutputBuffer, payload: Buffer, isAck: boolean): void {
  writeHead(output, { type: FRAME_TYPES.PING, flags: isAck ? FLAGS.ACK : 0, streamId: 0, length: 8 })
  output.bytes(payload)
}

/** The last stream of the peer's that we have taken is always 0: it may push none. */
export function writeGoaway(output: OutputBuffer, code: ErrorName, debugData: string): void {
  writeHead(output, { type: FRAME_TYPES.GOAWAY, flags: 0, streamId: 0, length: 8 + debugData.length })
  output.uint32(0)
  output.uint32(ERROR_CODES[code])
  output.text(debugData)
}

export function writeReset(output: OutputBuffer, streamId: number, code: ErrorName): void {
  writeHead(output, { type: FRAME_TYPES.RST_STREAM, flags: 0, streamId, length: 4 })
  output.uint32(ERROR_CODES[code])
}

/** For the connection with `streamId` 0. */
export function writeWindowUpdate(output: OutputBuffer, streamId: number, increment: number): void {
  writeHead(output, { type: FRAME_TYPES.WINDOW_UPDATE, flags: 0, streamId, length: 4 })
  output.uint32(increment)
}

export interface DataPiece {
  streamId: number
  body: Buffer
  start: number
  end: number
}

export function writeData(output: OutputBuffer, { streamId, body, start, end }: DataPiece): void {
  const flags = end === body.length ? FLAGS.END_STREAM : 0
  writeHead(output, { type: FRAME_TYPES.DATA, flags, streamId, length: end - start })
  output.bytes(body, start, end)
}

export interface HeadersOptions {
  streamId: number
  isEnd: boolean
  /** The peer's SETTINGS_MAX_FRAME_SIZE; a longer block goes on in CONTINUATION frames (§6.10). */
  maxFrameSize: number
}

/** `writeBlock` appends the field block. */
export function writeHeaders(output: OutputBuffer, options: HeadersOptions, writeBlock: () => void): void {
  const { streamId, isEnd, maxFrameSize } = options
  const begin = output.length
  const end = isEnd ? FLAGS.END_STREAM : 0
  writeHead(output, { type: FRAME_TYPES.HEADERS, flags: end | FLAGS.END_HEADERS, streamId, length: 0 })
  writeBlock()
  const length = output.length - begin - FRAME_HEADER_SIZE
  output.patchUint24(begin, Math.min(length, maxFrameSize))
  if (length > maxFrameSize) splitBlock(output, options, begin)
}

/** Puts the head of a CONTINUATION before each further piece of the block. */
function splitBlock(
  output: OutputBuffer,
  { streamId, isEnd, maxFrameSize }: HeadersOptions,
  begin: number,
): void {
  output.patchOctet(begin + 4, isEnd ? FLAGS.END_STREAM : 0)
  const block = output.cut(begin + FRAME_HEADER_SIZE + maxFrameSize)
  for (let at = 0; at < block.length; at += maxFrameSize) {
    const end = Math.min(block.length, at + maxFrameSize)
    const flags = end === block.length ? FLAGS.END_HEADERS : 0
    writeHead(output, { type: FRAME_TYPES.CONTINUATION, flags, streamId, length: end - at })
    output.bytes(block, at, end)
  }
}

interface FrameHead {
  type: number
  flags: number
  streamId: number
  length: number
}

function writeHead(output: OutputBuffer, { type, flags, streamId, length }: FrameHead): void {
  output.uint16(length >> 8)
  output.octet(length & 0xff)
  output.octet(type)
  output.octet(flags)
  output.uint32(streamId)
}

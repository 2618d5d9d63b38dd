import { ERROR_CODES, type ErrorName } from '../errors.ts'
import type { OutputBuffer } from '../output-buffer.ts'
import { FLAGS, FRAME_HEADER_SIZE, FRAME_TYPES } from './frame.ts'

/** Frames as a client sends them, each appended to what leaves with this turn of the event loop (RFC 9113 §6). */

export function writeSettings(
  output: OutputBuffer,
  settings: readonly (readonly [id: number, value: number])[],
) {
  output.frameHead(settings.length * 6, FRAME_TYPES.SETTINGS, 0, 0)
  for (const [id, value] of settings) {
    output.uint16(id)
    output.uint32(value)
  }
}

export function writeSettingsAck(output: OutputBuffer): void {
  output.frameHead(0, FRAME_TYPES.SETTINGS, FLAGS.ACK, 0)
}

/** `payload`: eight octets. */
export function writePing(output: OutputBuffer, payload: Buffer, isAck: boolean): void {
  output.frameHead(8, FRAME_TYPES.PING, isAck ? FLAGS.ACK : 0, 0)
  output.bytes(payload)
}

/** The last stream of the peer's that we have taken is always 0: it may push none. */
export function writeGoaway(output: OutputBuffer, code: ErrorName, debugData: string): void {
  output.frameHead(8 + debugData.length, FRAME_TYPES.GOAWAY, 0, 0)
  output.uint32(0)
  output.uint32(ERROR_CODES[code])
  output.text(debugData)
}

export function writeReset(output: OutputBuffer, streamId: number, code: ErrorName): void {
  output.frameHead(4, FRAME_TYPES.RST_STREAM, 0, streamId)
  output.uint32(ERROR_CODES[code])
}

/** For the connection with `streamId` 0. */
export function writeWindowUpdate(output: OutputBuffer, streamId: number, increment: number): void {
  output.frameHead(4, FRAME_TYPES.WINDOW_UPDATE, 0, streamId)
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
  output.frameHead(end - start, FRAME_TYPES.DATA, flags, streamId)
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
  output.frameHead(0, FRAME_TYPES.HEADERS, end | FLAGS.END_HEADERS, streamId)
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
    output.frameHead(end - at, FRAME_TYPES.CONTINUATION, flags, streamId)
    output.bytes(block, at, end)
  }
}

import { ConnectionError, type ErrorName } from '../../../src/http2/errors.ts'
import type { Frame } from '../../../src/http2/frames/frame.ts'

/** A frame as it stands on the wire. */
export interface WireFrame {
  type: number
  flags?: number
  streamId?: number
  payload?: Buffer
}

export function frameBytes({ type, flags = 0, streamId = 0, payload = Buffer.alloc(0) }: WireFrame): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(streamId, 5)
  return Buffer.concat([head, payload])
}

/** As the reader hands it over: somewhere within what has arrived. */
export function frameOf(frame: WireFrame): Frame {
  const { type, flags = 0, streamId = 0, payload = Buffer.alloc(0) } = frame
  const bytes = Buffer.concat([Buffer.alloc(5, 0xee), frameBytes(frame), Buffer.alloc(5, 0xee)])
  const start = 5 + 9
  return { type, flags, streamId, bytes, start, end: start + payload.length, size: payload.length }
}

export function payloadOf({ bytes, start, end }: Frame): Buffer {
  return Buffer.from(bytes.subarray(start, end))
}

/** To be given to `assert.throws`. */
export function connectionError(code: ErrorName, section: string): (error: unknown) => boolean {
  return error =>
    error instanceof ConnectionError && error.code === code && error.rule === `RFC 9113 ${section}`
}

/** Cuts octets that were written into frames, without the reader that is tested. */
export function parseFrames(bytes: Buffer): Required<WireFrame>[] {
  const frames: Required<WireFrame>[] = []
  let at = 0
  while (at < bytes.length) {
    const end = at + 9 + bytes.readUIntBE(at, 3)
    frames.push({
      type: bytes.readUInt8(at + 3),
      flags: bytes.readUInt8(at + 4),
      streamId: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, end),
    })
    at = end
  }
  return frames
}

/** RFC 9113 §6.1 to §6.10, each with its number. */
export const FRAME_TYPES = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const

/** One bit means different things in different frames. */
export const FLAGS = {
  /** DATA, HEADERS */
  END_STREAM: 0x1,
  /** SETTINGS, PING */
  ACK: 0x1,
  /** HEADERS, CONTINUATION */
  END_HEADERS: 0x4,
  /** DATA, HEADERS */
  PADDED: 0x8,
  /** HEADERS */
  PRIORITY: 0x20,
} as const

export const FRAME_HEADER_SIZE = 9

/** What a receiver takes that has not allowed more (§4.2). We never do. */
export const DEFAULT_MAX_FRAME_SIZE = 16_384

/** A frame as it was received. Valid only while it is being handled: the next one takes its place. */
export interface Frame {
  type: number
  flags: number
  streamId: number
  /** The payload is `bytes` from `start` to `end`. Without padding and priority, once `checkFrame` has seen it. */
  bytes: Buffer
  start: number
  end: number
  /** Octets of the payload as they count for flow control, padding included (§6.9.1). */
  size: number
}

export function hasFlag(frame: Frame, flag: number): boolean {
  return (frame.flags & flag) !== 0
}

import { ACK, CODES, END_HEADERS, END_STREAM, TYPES, type TypeName } from './wire.ts'

export interface ParsedFrame {
  type: TypeName | `type-${number}`
  flags: number
  streamId: number
  payload: Buffer
}

/** Cuts octets into frames, however they arrive and whatever they say: no rule is checked here. */
export class FrameParser {
  readonly frames: ParsedFrame[] = []
  #rest = Buffer.alloc(0)
  #toSkip: number

  /** `toSkip`: octets before the first frame, such as a client's preface. */
  constructor(toSkip = 0) {
    this.#toSkip = toSkip
  }

  /** Octets of a frame that is not complete. */
  get unfinished(): number {
    return this.#rest.length + this.#toSkip
  }

  push(bytes: Buffer): void {
    const skipped = Math.min(this.#toSkip, bytes.length)
    this.#toSkip -= skipped
    const all = Buffer.concat([this.#rest, bytes.subarray(skipped)])
    let at = 0
    while (all.length - at >= 9) {
      const end = at + 9 + all.readUIntBE(at, 3)
      if (end > all.length) break
      this.frames.push(parseFrame(all, at, end))
      at = end
    }
    this.#rest = all.subarray(at)
  }
}

function parseFrame(bytes: Buffer, at: number, end: number): ParsedFrame {
  const type = bytes[at + 3]!
  return {
    type: TYPES[type] ?? `type-${type}`,
    flags: bytes[at + 4]!,
    streamId: bytes.readUInt32BE(at + 5) & 0x7fffffff,
    payload: bytes.subarray(at + 9, end),
  }
}

/** A frame as a test names it: `DATA 1 500 end`, `RST_STREAM 3 CANCEL`, `GOAWAY PROTOCOL_ERROR RFC 9113 §6.5`. */
export function describe(frame: ParsedFrame): string {
  const { type, streamId, payload } = frame
  const ack = has(frame, ACK) ? ' ack' : ''
  const end = has(frame, END_STREAM) ? ' end' : ''
  switch (type) {
    case 'SETTINGS':
      return `SETTINGS${ack}`
    case 'PING':
      return `PING${ack} ${payload.toString('latin1')}`
    case 'GOAWAY':
      return `GOAWAY ${codeName(payload.readUInt32BE(4))} ${payload.toString('latin1', 8)}`.trimEnd()
    case 'RST_STREAM':
      return `RST_STREAM ${streamId} ${codeName(payload.readUInt32BE(0))}`
    case 'WINDOW_UPDATE':
      return `WINDOW_UPDATE ${streamId} +${payload.readUInt32BE(0)}`
    case 'DATA':
      return `DATA ${streamId} ${payload.length}${end}`
    case 'HEADERS':
      return `HEADERS ${streamId}${end}${describeMore(frame)}`
    default:
      return `${type} ${streamId}`
  }
}

function describeMore(frame: ParsedFrame): string {
  return has(frame, END_HEADERS) ? '' : ' ...'
}

export function has({ flags }: ParsedFrame, flag: number): boolean {
  return (flags & flag) !== 0
}

export function codeName(code: number): string {
  return CODES[code] ?? `error-${code}`
}

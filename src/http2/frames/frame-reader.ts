import { ConnectionError } from '../errors.ts'
import { DEFAULT_MAX_FRAME_SIZE, FRAME_HEADER_SIZE, type Frame } from './frame.ts'

/**
 * Cuts what arrives into frames (RFC 9113 §4.1). A frame that arrives whole is read where it lies; only what is split
 * over two arrivals is copied, and never more than one frame of it.
 */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void
  readonly #frame: Frame = {
    type: 0,
    flags: 0,
    streamId: 0,
    bytes: Buffer.alloc(0),
    start: 0,
    end: 0,
    size: 0,
  }
  /** The beginning of a frame whose rest has not arrived. */
  readonly #partial = Buffer.allocUnsafeSlow(FRAME_HEADER_SIZE + DEFAULT_MAX_FRAME_SIZE)
  #partialLength = 0
  #isStopped = false

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame
  }

  /** Throws FRAME_SIZE_ERROR, and what `onFrame` throws; it must not be called again after that. */
  read(chunk: Buffer): void {
    if (this.#isStopped) return
    let at = this.#partialLength === 0 ? 0 : this.#readPartial(chunk)
    while (!this.#isStopped && chunk.length - at >= FRAME_HEADER_SIZE) {
      const end = at + frameSize(chunk, at)
      if (end > chunk.length) break
      this.#emit(chunk, at, end)
      at = end
    }
    if (!this.#isStopped && at < chunk.length) this.#keep(chunk, at, chunk.length)
  }

  /** What else has arrived is not read. */
  stop(): void {
    this.#isStopped = true
  }

  /** Completes the frame that was begun, as far as possible; answers how much of `chunk` it took. */
  #readPartial(chunk: Buffer): number {
    let at = this.#fill(chunk, 0, FRAME_HEADER_SIZE)
    if (this.#partialLength < FRAME_HEADER_SIZE) return at
    const size = frameSize(this.#partial, 0)
    at = this.#fill(chunk, at, size)
    if (this.#partialLength < size) return at
    this.#partialLength = 0
    this.#emit(this.#partial, 0, size)
    return at
  }

  #fill(chunk: Buffer, from: number, wanted: number): number {
    const end = Math.min(chunk.length, from + Math.max(0, wanted - this.#partialLength))
    this.#keep(chunk, from, end)
    return end
  }

  #keep(chunk: Buffer, from: number, end: number): void {
    this.#partialLength += chunk.copy(this.#partial, this.#partialLength, from, end)
  }

  #emit(bytes: Buffer, at: number, end: number): void {
    const frame = this.#frame
    frame.type = bytes[at + 3] as number
    frame.flags = bytes[at + 4] as number
    // The first bit is reserved, and ignored (§4.1).
    frame.streamId = bytes.readUInt32BE(at + 5) & 0x7fffffff
    frame.bytes = bytes
    frame.start = at + FRAME_HEADER_SIZE
    frame.end = end
    frame.size = end - frame.start
    this.#onFrame(frame)
  }
}

/** The frame that begins at `at`, header included. */
function frameSize(bytes: Buffer, at: number): number {
  const length = bytes.readUIntBE(at, 3)
  if (length > DEFAULT_MAX_FRAME_SIZE)
    throw new ConnectionError(
      'FRAME_SIZE_ERROR',
      'RFC 9113 §4.2',
      'frame longer than SETTINGS_MAX_FRAME_SIZE',
    )
  return FRAME_HEADER_SIZE + length
}

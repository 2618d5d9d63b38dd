import { ConnectionError } from './errors.ts'
import { FLAGS, FRAME_TYPES, type Frame, hasFlag } from './frames/frame.ts'

/** Octets of a field block before it is decoded; ten times what a provider's response needs. */
const MAX_BLOCK_SIZE = 64 * 1024
const MAX_CONTINUATIONS = 32

export interface HeaderBlock {
  streamId: number
  isEnd: boolean
  bytes: Buffer
  start: number
  end: number
}

/**
 * Puts a field block together: HEADERS, then CONTINUATION frames with nothing between (RFC 9113 §4.3, §6.10). A block
 * within one frame, as nearly all are, is passed on where it lies.
 */
export class HeaderBlocks {
  readonly #onBlock: (block: HeaderBlock) => void
  #streamId = 0
  #isEnd = false
  #pieces: Buffer[] = []
  #size = 0

  constructor(onBlock: (block: HeaderBlock) => void) {
    this.#onBlock = onBlock
  }

  /** To be asked before any frame, known or not, is handled. Throws ConnectionError. */
  checkOrder(frame: Frame): void {
    const isContinuation = frame.type === FRAME_TYPES.CONTINUATION
    if (this.#streamId === 0 && !isContinuation) return
    if (isContinuation && this.#streamId !== 0 && frame.streamId === this.#streamId) return
    throw new ConnectionError('PROTOCOL_ERROR', 'RFC 9113 §6.10', 'CONTINUATION missing or out of place')
  }

  headers(frame: Frame): void {
    const { streamId, bytes, start, end } = frame
    const isEnd = hasFlag(frame, FLAGS.END_STREAM)
    if (hasFlag(frame, FLAGS.END_HEADERS)) {
      this.#onBlock({ streamId, isEnd, bytes, start, end })
      return
    }
    this.#streamId = streamId
    this.#isEnd = isEnd
    this.#pieces = []
    this.#size = 0
    this.#keep(frame)
  }

  continuation(frame: Frame): void {
    this.#keep(frame)
    if (!hasFlag(frame, FLAGS.END_HEADERS)) return
    const bytes = Buffer.concat(this.#pieces)
    const streamId = this.#streamId
    this.#streamId = 0
    this.#pieces = []
    this.#onBlock({ streamId, isEnd: this.#isEnd, bytes, start: 0, end: bytes.length })
  }

  #keep({ bytes, start, end }: Frame): void {
    this.#pieces.push(Buffer.from(bytes.subarray(start, end)))
    this.#size += end - start
    if (this.#size > MAX_BLOCK_SIZE || this.#pieces.length > MAX_CONTINUATIONS + 1)
      throw new ConnectionError('ENHANCE_YOUR_CALM', 'RFC 9113 §10.5.1', 'field block too large')
  }
}

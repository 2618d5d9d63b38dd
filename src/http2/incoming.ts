import type { ControlFrames } from './control-frames.ts'
import { ConnectionError, StreamError } from './errors.ts'
import { FLAGS, FRAME_TYPES, type Frame, hasFlag } from './frames/frame.ts'
import { FrameReader } from './frames/frame-reader.ts'
import { checkFrame } from './frames/frame-rules.ts'
import { HeaderBlocks } from './header-block.ts'
import type { StreamFrames } from './stream-frames.ts'

/** From octets to the handler of each frame, with the rules on their order. Throws ConnectionError. */
export class Incoming {
  readonly #control: ControlFrames
  readonly #streams: StreamFrames
  readonly #onStreamError: (streamId: number, error: StreamError) => void
  readonly #blocks: HeaderBlocks
  readonly #reader: FrameReader
  #hasBegun = false

  constructor(
    control: ControlFrames,
    streams: StreamFrames,
    onStreamError: (streamId: number, error: StreamError) => void,
  ) {
    this.#control = control
    this.#streams = streams
    this.#onStreamError = onStreamError
    this.#blocks = new HeaderBlocks(block => streams.headers(block))
    this.#reader = new FrameReader(frame => this.#onFrame(frame))
  }

  read(chunk: Buffer): void {
    this.#reader.read(chunk)
  }

  /** What else has arrived is not read: also not the rest of the chunk that is being read. */
  stop(): void {
    this.#reader.stop()
  }

  #onFrame(frame: Frame): void {
    if (!this.#hasBegun) this.#checkFirst(frame)
    this.#blocks.checkOrder(frame)
    checkFrame(frame)
    try {
      this.#handle(frame)
    } catch (error) {
      if (!(error instanceof StreamError)) throw error
      this.#onStreamError(frame.streamId, error)
    }
  }

  #checkFirst(frame: Frame): void {
    if (frame.type !== FRAME_TYPES.SETTINGS || hasFlag(frame, FLAGS.ACK))
      throw new ConnectionError('PROTOCOL_ERROR', 'RFC 9113 §3.4', 'the first frame is not SETTINGS')
    this.#hasBegun = true
  }

  #handle(frame: Frame): void {
    switch (frame.type) {
      case FRAME_TYPES.DATA:
        this.#streams.data(frame)
        break
      case FRAME_TYPES.HEADERS:
        this.#blocks.headers(frame)
        break
      case FRAME_TYPES.CONTINUATION:
        this.#blocks.continuation(frame)
        break
      case FRAME_TYPES.RST_STREAM:
        this.#streams.reset(frame)
        break
      case FRAME_TYPES.WINDOW_UPDATE:
        this.#streams.windowUpdate(frame)
        break
      default:
        this.#handleControl(frame)
    }
  }

  #handleControl(frame: Frame): void {
    switch (frame.type) {
      case FRAME_TYPES.SETTINGS:
        this.#control.settings(frame)
        break
      case FRAME_TYPES.PING:
        this.#control.ping(frame)
        break
      case FRAME_TYPES.GOAWAY:
        this.#control.goaway(frame)
        break
      case FRAME_TYPES.PUSH_PROMISE:
        this.#control.pushPromise()
        break
      default:
        this.#control.ignored()
    }
  }
}

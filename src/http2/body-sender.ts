import { ConnectionError, StreamError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { SendWindow } from './flow-control.ts'
import { writeData } from './frames/frame-writer.ts'
import type { Outbox } from './outbox.ts'
import { DEFAULT_WINDOW_SIZE, type PeerSettings } from './settings.ts'

/** Request bodies, as far as the peer's windows and our own outbox allow; those that wait take turns (RFC 9113 §5.2, §6.9). */
export class BodySender {
  readonly #outbox: Outbox
  readonly #peer: PeerSettings
  readonly #window = new SendWindow(DEFAULT_WINDOW_SIZE)
  /** In the order of their turns. */
  readonly #waiting = new Set<Exchange>()

  constructor(outbox: Outbox, peer: PeerSettings) {
    this.#outbox = outbox
    this.#peer = peer
  }

  start(exchange: Exchange): void {
    if (exchange.isSent) return
    // While others wait, the window is theirs.
    if (this.#waiting.size === 0) this.#send(exchange)
    if (exchange.isSent) return
    this.#waiting.add(exchange)
    this.pump()
  }

  forget(exchange: Exchange): void {
    this.#waiting.delete(exchange)
  }

  /** Goes on with what waits. To be called whenever a window has grown or the outbox has room. */
  pump(): void {
    // A round without progress: each waits for its own window.
    for (let stuck = 0; stuck < this.#waiting.size; ) {
      const [next] = this.#waiting
      if (!next || this.#window.size <= 0 || !this.#outbox.hasRoom()) return
      this.#waiting.delete(next)
      stuck = this.#send(next) ? 0 : stuck + 1
      if (!next.isSent) this.#waiting.add(next)
    }
  }

  /** WINDOW_UPDATE for the connection (§6.9). */
  grow(increment: number): void {
    if (increment === 0) throw new ConnectionError('PROTOCOL_ERROR', 'RFC 9113 §6.9', 'increment of 0')
    if (!this.#window.grow(increment))
      throw new ConnectionError('FLOW_CONTROL_ERROR', 'RFC 9113 §6.9.1', 'connection window above 2^31-1')
    this.pump()
  }

  /** WINDOW_UPDATE for a stream. */
  growStream(exchange: Exchange, increment: number): void {
    if (increment === 0) throw new StreamError('PROTOCOL_ERROR', 'RFC 9113 §6.9', 'increment of 0')
    if (!exchange.sendWindow.grow(increment))
      throw new StreamError('FLOW_CONTROL_ERROR', 'RFC 9113 §6.9.1', 'stream window above 2^31-1')
    this.pump()
  }

  /** A changed SETTINGS_INITIAL_WINDOW_SIZE holds for open streams too (§6.9.2). */
  shiftStreams(exchanges: readonly Exchange[], difference: number): void {
    if (difference === 0) return
    for (const { sendWindow } of exchanges) {
      if (!sendWindow.grow(difference))
        throw new ConnectionError('FLOW_CONTROL_ERROR', 'RFC 9113 §6.9.2', 'stream window above 2^31-1')
    }
    this.pump()
  }

  /** One frame; false when nothing may be sent. */
  #send(exchange: Exchange): boolean {
    const { streamId, request, sent, sendWindow } = exchange
    const { body } = request
    const size = Math.min(body.length - sent, this.#window.size, sendWindow.size, this.#peer.maxFrameSize)
    if (size <= 0) return false
    writeData(this.#outbox.output, { streamId, body, start: sent, end: sent + size })
    exchange.sent += size
    this.#window.spend(size)
    sendWindow.spend(size)
    this.#outbox.wake()
    return true
  }
}

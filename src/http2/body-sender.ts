import { ConnectionError, StreamError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { Fifo } from './fifo.ts'
import type { FloodGuard } from './flood-guard.ts'
import { growWindow } from './flow-control.ts'
import { writeData } from './frames/frame-writer.ts'
import type { Outbox } from './outbox.ts'
import { DEFAULT_WINDOW_SIZE, type PeerSettings } from './settings.ts'

/** A peer may take frames of 16 MiB; the others want their turn, and memory is ours. */
const MOST_DATA = 64 * 1024
/** Request bodies, as far as the peer's windows and our own outbox allow; those that wait take turns (RFC 9113 §5.2, §6.9). */
export class BodySender {
  readonly #outbox: Outbox
  readonly #peer: PeerSettings
  readonly #guard: FloodGuard
  #window = DEFAULT_WINDOW_SIZE
  /** In the order of their turns. */
  readonly #waiting = new Fifo<Exchange>()

  constructor(outbox: Outbox, peer: PeerSettings, guard: FloodGuard) {
    this.#outbox = outbox
    this.#peer = peer
    this.#guard = guard
  }

  start(exchange: Exchange): void {
    if (exchange.isSent) return
    // While others wait, the window is theirs.
    if (this.#waiting.length === 0 && this.#outbox.hasRoom()) this.#send(exchange)
    if (exchange.isSent) return
    this.#waiting.push(exchange)
    this.pump()
  }

  /** Bodies wait for the connection's window: another request would only join them. */
  isShut(): boolean {
    return this.#window <= 0 && this.#waiting.length > 0
  }

  /** The stream is about to be closed: what is left of its body is kept no longer. */
  forget(exchange: Exchange): void {
    if (!exchange.isSent) this.#waiting.remove(exchange)
  }

  /** Goes on with what waits. To be called whenever a window has grown or the outbox has room. */
  pump(): void {
    // A round without progress: each waits for its own window.
    let untried = this.#waiting.length
    while (untried > 0 && this.#window > 0 && this.#outbox.hasRoom()) {
      const next = this.#waiting.take() as Exchange
      untried--
      const hasSent = this.#send(next)
      if (!next.isSent) this.#waiting.push(next)
      if (hasSent) untried = this.#waiting.length
    }
  }

  /** WINDOW_UPDATE for the connection (§6.9). */
  grow(increment: number): void {
    if (increment === 0) throw new ConnectionError('PROTOCOL_ERROR', 'RFC 9113 §6.9', 'increment of 0')
    const grown = growWindow(this.#window, increment)
    if (grown === undefined)
      throw new ConnectionError('FLOW_CONTROL_ERROR', 'RFC 9113 §6.9.1', 'connection window above 2^31-1')
    this.#window = grown
    this.pump()
  }

  /** WINDOW_UPDATE for a stream. */
  growStream(exchange: Exchange, increment: number): void {
    if (increment === 0) throw new StreamError('PROTOCOL_ERROR', 'RFC 9113 §6.9', 'increment of 0')
    const grown = growWindow(exchange.sendWindow, increment)
    if (grown === undefined)
      throw new StreamError('FLOW_CONTROL_ERROR', 'RFC 9113 §6.9.1', 'stream window above 2^31-1')
    exchange.sendWindow = grown
    this.pump()
  }

  /** A changed SETTINGS_INITIAL_WINDOW_SIZE holds for open streams too (§6.9.2). */
  shiftStreams(exchanges: readonly Exchange[], difference: number): void {
    for (const exchange of exchanges) {
      const grown = growWindow(exchange.sendWindow, difference)
      if (grown === undefined)
        throw new ConnectionError('FLOW_CONTROL_ERROR', 'RFC 9113 §6.9.2', 'stream window above 2^31-1')
      exchange.sendWindow = grown
    }
    this.pump()
  }

  /** One frame; false when nothing may be sent. */
  #send(exchange: Exchange): boolean {
    const { streamId, request, sent } = exchange
    const { body } = request
    const most = Math.min(this.#peer.maxFrameSize, MOST_DATA)
    const size = Math.min(body.length - sent, this.#window, exchange.sendWindow, most)
    if (size <= 0) return false
    writeData(this.#outbox.output, { streamId, body, start: sent, end: sent + size })
    exchange.sent += size
    exchange.sendWindow -= size
    this.#window -= size
    this.#guard.sent()
    this.#outbox.wake()
    return true
  }
}

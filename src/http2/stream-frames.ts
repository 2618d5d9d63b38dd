import type { BodySender } from './body-sender.ts'
import type { Credits } from './credits.ts'
import { ConnectionError, ERROR_CODES, type ErrorName, errorName, StreamError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { FloodGuard } from './flood-guard.ts'
import { ReceiveWindow } from './flow-control.ts'
import { FLAGS, type Frame, hasFlag } from './frames/frame.ts'
import type { HeaderBlock } from './header-block.ts'
import { HeaderDecoder, type HeaderList } from './hpack/header-decoder.ts'
import type { ConnectionHandle, RequestResult } from './http2-client.ts'
import { checkTrailers, readResponseHead } from './response-head.ts'
import { refused, unknown } from './results.ts'
import type { Streams } from './streams.ts'

/** Octets of the uncompressed header list that we ask for (RFC 9113 §6.5.2), and take. */
export const MAX_HEADER_LIST_SIZE = 16 * 1024

/** A piece of a body so small costs more than it brings. */
const TINY_PIECE = 64

export interface StreamFramesParts {
  streams: Streams
  bodies: BodySender
  credits: Credits
  guard: FloodGuard
  connection: ConnectionHandle
  connectionWindow: number
  responseBytes: number
  /** The connection's window is open for further requests. */
  onRoom(): void
  /** Closes the stream; its request has `result`. */
  finish(exchange: Exchange, result: RequestResult): void
  /** The same, and tells the peer. */
  reset(exchange: Exchange, code: ErrorName, result: RequestResult): void
}

/**
 * What the peer says on a stream: the response, and its end (RFC 9113 §6.1, §6.2, §6.4, §6.9, §8.1). Throws StreamError for
 * what ends the stream of the frame, ConnectionError for what ends the connection.
 */
export class StreamFrames {
  readonly #parts: StreamFramesParts
  readonly #window: ReceiveWindow
  readonly #decoder = new HeaderDecoder(MAX_HEADER_LIST_SIZE)

  constructor(parts: StreamFramesParts) {
    this.#parts = parts
    this.#window = new ReceiveWindow(parts.connectionWindow)
  }

  data(frame: Frame): void {
    const { credits, guard, streams, responseBytes } = this.#parts
    const isEnd = hasFlag(frame, FLAGS.END_STREAM)
    if (frame.end - frame.start < TINY_PIECE && !isEnd) guard.count()
    // Padding counts, and so does what is thrown away: the peer has spent it (§6.9).
    if (!this.#window.receive(frame.size))
      throw new ConnectionError('FLOW_CONTROL_ERROR', 'RFC 9113 §6.9.1', 'more than the connection window')
    credits.give(0, this.#window)
    const exchange = streams.find(frame.streamId)
    if (!exchange) return
    if (!exchange.receiveWindow.receive(frame.size))
      throw new StreamError('FLOW_CONTROL_ERROR', 'RFC 9113 §6.9.1', 'more than the stream window')
    exchange.receive(frame, responseBytes)
    if (isEnd) this.#end(exchange)
    else if (exchange.received > responseBytes) this.#cut(exchange)
    else credits.give(exchange.streamId, exchange.receiveWindow)
  }

  /** The block is decoded whoever it is for: the next ones depend on it (§4.3). */
  headers({ streamId, isEnd, bytes, start, end }: HeaderBlock): void {
    const list = this.#decoder.decode(bytes, start, end)
    const exchange = this.#parts.streams.find(streamId)
    if (exchange) this.#headersOf(exchange, list, isEnd)
    else this.#parts.guard.count()
  }

  reset(frame: Frame): void {
    this.#parts.guard.count()
    const exchange = this.#findUnlessGone(frame)
    if (!exchange) return
    const code = frame.bytes.readUInt32BE(frame.start)
    const isRefused = code === ERROR_CODES.REFUSED_STREAM && exchange.status === undefined
    const result = isRefused ? refused() : unknown(exchange, `reset ${errorName(code)}`)
    this.#parts.finish(exchange, result)
  }

  windowUpdate(frame: Frame): void {
    const { bodies, guard, onRoom } = this.#parts
    guard.count()
    // The first bit is reserved.
    const increment = frame.bytes.readUInt32BE(frame.start) & 0x7fffffff
    if (frame.streamId === 0) {
      bodies.grow(increment)
      if (!bodies.isShut()) onRoom()
      return
    }
    const exchange = this.#findUnlessGone(frame)
    if (exchange) bodies.growStream(exchange, increment)
  }

  /** RST_STREAM and WINDOW_UPDATE may come late, whoever has ended the stream (§5.1, "closed"). */
  #findUnlessGone({ streamId }: Frame): Exchange | undefined {
    this.#parts.streams.checkNotIdle(streamId)
    return this.#parts.streams.get(streamId)
  }

  #headersOf(exchange: Exchange, { fields, isTooLarge }: HeaderList, isEnd: boolean): void {
    if (isTooLarge)
      throw new StreamError('CANCEL', 'RFC 9113 §10.5.1', 'header list above SETTINGS_MAX_HEADER_LIST_SIZE')
    if (exchange.status !== undefined) {
      if (!isEnd) throw new StreamError('PROTOCOL_ERROR', 'RFC 9113 §8.1', 'trailers do not end the stream')
      checkTrailers(fields)
    } else {
      const head = readResponseHead(fields)
      if (head.status >= 200) exchange.begin(head)
      else this.#checkInformational(head.status, isEnd)
    }
    if (isEnd) this.#end(exchange)
  }

  /** An informational response announces the final one (§8.1). 101 does not exist here (§8.6). */
  #checkInformational(status: number, isEnd: boolean): void {
    this.#parts.guard.count()
    if (status === 101) throw new StreamError('PROTOCOL_ERROR', 'RFC 9113 §8.6', 'status 101')
    if (isEnd) throw new StreamError('PROTOCOL_ERROR', 'RFC 9113 §8.1', 'the last response is informational')
  }

  #end(exchange: Exchange): void {
    const { finish, reset, connection } = this.#parts
    const response = exchange.end(connection)
    // Answered before all was sent: nobody waits for the rest (§8.1).
    if (exchange.isSent) finish(exchange, response)
    else reset(exchange, 'CANCEL', response)
  }

  #cut(exchange: Exchange): void {
    const response = exchange.cut(this.#parts.connection)
    if (response) this.#parts.reset(exchange, 'CANCEL', response)
  }
}

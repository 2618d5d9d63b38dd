import { ConnectionError } from './errors.ts'
import { Exchange } from './exchange.ts'
import type { Http2Request, RequestResult } from './http2-client.ts'

/** So many streams that we have reset are remembered, for what the peer had sent before it heard of it. */
const REMEMBERED_RESETS = 4096

export interface OpenOptions {
  request: Http2Request
  resolve(result: RequestResult): void
  now: number
  sendWindow: number
}

/** The streams of a connection: all are ours, since the peer may push none (RFC 9113 §5.1, §5.1.1). */
export class Streams {
  /** In the order of opening. */
  readonly #open = new Map<number, Exchange>()
  readonly #resets = new Set<number>()
  readonly #lastUsableId: number
  #nextId = 1
  /** The newest stream whose HEADERS were handed to the transport. */
  #handedOver = 0
  #most = 0

  /** `lastUsableId`: the connection takes no streams beyond it; 2^31-1 is the protocol's own end. */
  constructor(lastUsableId: number) {
    this.#lastUsableId = lastUsableId
  }

  get size(): number {
    return this.#open.size
  }

  /** Stream ids are used up: they are never used again (§5.1.1). */
  get isExhausted(): boolean {
    return this.#nextId > this.#lastUsableId
  }

  takeMost(): number {
    const most = this.#most
    this.#most = this.#open.size
    return most
  }

  open({ request, resolve, now, sendWindow }: OpenOptions): Exchange {
    const streamId = this.#nextId
    this.#nextId += 2
    const exchange = new Exchange({ streamId, request, resolve, openedAt: now, sendWindow })
    this.#open.set(streamId, exchange)
    this.#most = Math.max(this.#most, this.#open.size)
    return exchange
  }

  get(streamId: number): Exchange | undefined {
    return this.#open.get(streamId)
  }

  all(): Exchange[] {
    return [...this.#open.values()]
  }

  oldest(): Exchange | undefined {
    for (const exchange of this.#open.values()) return exchange
    return undefined
  }

  /** The stream of a frame; undefined for one that is gone, when the peer could not know. Throws ConnectionError. */
  find(streamId: number): Exchange | undefined {
    this.checkNotIdle(streamId)
    const exchange = this.#open.get(streamId)
    if (exchange) return exchange
    if (this.#resets.has(streamId)) return undefined
    throw new ConnectionError('STREAM_CLOSED', 'RFC 9113 §5.1', 'frame on a stream that the peer has ended')
  }

  checkNotIdle(streamId: number): void {
    // For the peer a stream is idle until it has seen our HEADERS.
    if (streamId % 2 === 0 || streamId > this.#handedOver)
      throw new ConnectionError('PROTOCOL_ERROR', 'RFC 9113 §5.1', 'frame on an idle stream')
  }

  /** The stream is closed, and its request has its result. */
  close(exchange: Exchange, result: RequestResult): void {
    if (!this.#open.delete(exchange.streamId)) return
    exchange.resolve(result)
  }

  /** We reset it: what is still on its way from the peer is ignored. */
  rememberReset(streamId: number): void {
    this.#resets.add(streamId)
    if (this.#resets.size <= REMEMBERED_RESETS) return
    for (const oldest of this.#resets) {
      this.#resets.delete(oldest)
      break
    }
  }

  /** All that was written is on its way to the peer. */
  handedOver(): void {
    this.#handedOver = this.#nextId - 2
  }

  /** Streams that the peer knows, up to this id. */
  countUpTo(streamId: number): number {
    return (Math.min(streamId, this.#handedOver) + 1) >> 1
  }

  isHandedOver({ streamId }: Exchange): boolean {
    return streamId <= this.#handedOver
  }
}

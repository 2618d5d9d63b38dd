import { StreamError } from './errors.ts'
import { ReceiveWindow } from './flow-control.ts'
import type { Frame } from './frames/frame.ts'
import type { ConnectionHandle, Http2Request, RequestResult, ResponseResult } from './http2-client.ts'
import type { ResponseHead } from './response-head.ts'
import { DEFAULT_WINDOW_SIZE } from './settings.ts'

const NO_BODY = Buffer.alloc(0)

export interface ExchangeOptions {
  streamId: number
  request: Http2Request
  openedAt: number
  sendWindow: number
  resolve(result: RequestResult): void
}

/** One request and its response: a stream from `open` to `closed` (RFC 9113 §5.1), as the client sees it. */
export class Exchange {
  readonly streamId: number
  readonly request: Http2Request
  readonly openedAt: number
  readonly resolve: (result: RequestResult) => void
  /** Octets that may be sent. */
  sendWindow: number
  /** Octets of the request's body that are written. */
  sent = 0
  #head: ResponseHead | undefined
  #receiveWindow: ReceiveWindow | undefined
  #pieces: Buffer[] | undefined
  #received = 0

  constructor(options: ExchangeOptions) {
    this.streamId = options.streamId
    this.request = options.request
    this.openedAt = options.openedAt
    this.resolve = options.resolve
    this.sendWindow = options.sendWindow
  }

  /** Most responses of push services have no body, and need none. */
  get receiveWindow(): ReceiveWindow {
    this.#receiveWindow ??= new ReceiveWindow(DEFAULT_WINDOW_SIZE)
    return this.#receiveWindow
  }

  get isSent(): boolean {
    return this.sent === this.request.body.length
  }

  get status(): number | undefined {
    return this.#head?.status
  }

  get received(): number {
    return this.#received
  }

  /** The response's first fields. */
  begin(head: ResponseHead): void {
    this.#head = head
  }

  /** Takes up to `limit` octets of the body in all. Throws StreamError for what a response may not hold. */
  receive({ bytes, start, end }: Frame, limit: number): void {
    if (!this.#head) throw new StreamError('PROTOCOL_ERROR', 'RFC 9113 §8.1', 'DATA before HEADERS')
    const room = limit - this.#received
    this.#received += end - start
    if (this.#received > this.#mostOctets()) throw wrongLength()
    if (end === start || room <= 0) return
    this.#pieces ??= []
    this.#pieces.push(Buffer.from(bytes.subarray(start, Math.min(end, start + room))))
  }

  /** The response is there. Throws StreamError when it is shorter than it said. */
  end(connection: ConnectionHandle): ResponseResult {
    const head = this.#head
    if (!head) throw new StreamError('PROTOCOL_ERROR', 'RFC 9113 §8.1', 'the stream ends before a response')
    if (this.#received < this.#leastOctets(head)) throw wrongLength()
    return this.#response(head, connection)
  }

  /** What has arrived until now, for a response of which no more is wanted. */
  cut(connection: ConnectionHandle): ResponseResult | undefined {
    return this.#head && this.#response(this.#head, connection)
  }

  #response({ status, headers }: ResponseHead, connection: ConnectionHandle): ResponseResult {
    const body = this.#pieces === undefined ? NO_BODY : Buffer.concat(this.#pieces)
    return { kind: 'response', status, headers, body, connection }
  }

  #hasNoBody(): boolean {
    return this.request.method === 'HEAD' || this.status === 204 || this.status === 304
  }

  #mostOctets(): number {
    return this.#hasNoBody() ? 0 : (this.#head?.contentLength ?? Number.POSITIVE_INFINITY)
  }

  #leastOctets({ contentLength = 0 }: ResponseHead): number {
    return this.#hasNoBody() ? 0 : contentLength
  }
}

function wrongLength(): StreamError {
  return new StreamError('PROTOCOL_ERROR', 'RFC 9113 §8.1.1', 'the body is not as long as it should be')
}

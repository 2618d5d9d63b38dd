import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import type { ConnectionHandle, Http2Request, RequestResult } from '../../src/http2/http2-client.ts'
import type { Http2ClientOptions } from '../../src/http2/pool.ts'

export interface SessionLimits {
  streams: number
  requestMs: number
  queueMs: number
  connectMs: number
  responseBytes: number
}

export interface SessionOptions extends Omit<Http2ClientOptions, 'limits'> {
  limits: SessionLimits
}

export interface SessionCallbacks {
  onReady(): void
  onFreeStream(): void
  /** Takes no new requests any more; those under way go on. */
  onRetired(): void
  onConnectFailed(reason: string): void
}

/** One session of node:http2, and what is known of each of its requests when it ends. */
export class NodeHttp2Session implements ConnectionHandle {
  readonly #gone = Promise.withResolvers<void>()
  /** Resolves when the session and all its streams are gone. */
  readonly closed = this.#gone.promise
  readonly #session: ClientHttp2Session
  readonly #callbacks: SessionCallbacks
  readonly #options: SessionOptions
  #connected = false
  #retired = false
  #open = 0
  #failure: string | undefined
  /** Streams above this were not processed by the peer (RFC 9113 §6.8). */
  #lastStreamId = Number.POSITIVE_INFINITY

  constructor(options: SessionOptions, callbacks: SessionCallbacks) {
    this.#options = options
    this.#callbacks = callbacks
    this.#session = connect(options.origin, {
      minVersion: 'TLSv1.2',
      // Megabytes. Bodies that wait are counted, and beyond the default of 10 their streams are reset.
      maxSessionMemory: 1000,
      ...options.tls,
      settings: { enablePush: false },
    })
    const stopWaiting = options.clock.after(options.limits.connectMs, () => this.#abort('connect-timeout'))
    this.#session.once('close', () => {
      stopWaiting()
      this.#onClose()
    })
    this.#session.on('error', error => {
      this.#failure ??= errorCode(error)
    })
    // The peer's first SETTINGS say how many streams it allows; before them nothing is sent.
    this.#session.on('remoteSettings', () => {
      stopWaiting()
      this.#onSettings()
    })
    // Fires more than once: a graceful shutdown announces the highest id first and the real one later.
    this.#session.on('goaway', (_code, lastStreamId) => this.#onGoaway(lastStreamId))
  }

  isReady(): boolean {
    return this.#connected && this.isUsable()
  }

  /** Connecting or connected, and neither retired nor closed. After GOAWAY a session is `closed`, not `destroyed`. */
  isUsable(): boolean {
    return !this.#retired && !this.#session.closed && !this.#session.destroyed
  }

  streamLimit(): number {
    const announced = this.#session.remoteSettings?.maxConcurrentStreams ?? 1
    return Math.min(announced, this.#options.limits.streams)
  }

  hasFreeStream(): boolean {
    return this.isReady() && this.#open < this.streamLimit()
  }

  retire(): void {
    if (this.#retired) return
    this.#retired = true
    this.#leaveWhenDone()
    this.#callbacks.onRetired()
  }

  send(request: Http2Request, resolve: (result: RequestResult) => void): void {
    const stream = this.#openStream(request)
    if (!stream) {
      resolve({ kind: 'not-processed', reason: 'session-closed', isUnreachable: false })
      return
    }
    this.#open++
    const { requestMs, responseBytes } = this.#options.limits
    const answer = new Answer(stream, this, responseBytes)
    const stopWaiting = this.#options.clock.after(requestMs, () => answer.giveUp('timeout'))
    stream.on('close', () => {
      stopWaiting()
      this.#open--
      resolve(answer.result() ?? this.#failed(stream, answer))
      if (this.#retired) this.#leaveWhenDone()
      else this.#callbacks.onFreeStream()
    })
    if (request.body.length > 0) stream.end(request.body)
  }

  /** Between GOAWAY and its event the session refuses synchronously; nothing was sent. */
  #openStream({ method, path, headers, uniqueHeaders, body }: Http2Request): ClientHttp2Stream | undefined {
    if (!this.isReady()) return undefined
    const fields = { ':method': method, ':path': path, ...headers, ...uniqueHeaders }
    return this.#session.request(fields, { endStream: body.length === 0 })
  }

  #failed(stream: ClientHttp2Stream, { gaveUp, status }: Answer): RequestResult {
    const refused = status === undefined && stream.rstCode === constants.NGHTTP2_REFUSED_STREAM
    const neverProcessed = stream.id === undefined || stream.id > this.#lastStreamId
    if (gaveUp === undefined && (refused || neverProcessed)) {
      return { kind: 'not-processed', reason: refused ? 'refused-stream' : 'goaway', isUnreachable: false }
    }
    const reason = gaveUp ?? this.#failure ?? `reset-${stream.rstCode ?? 0}`
    return { kind: 'unknown', reason, ...(status === undefined ? {} : { status }) }
  }

  #onSettings(): void {
    if (!this.#connected) {
      this.#connected = true
      this.#options.onConnection('connected', undefined)
      this.#callbacks.onReady()
    }
    this.#callbacks.onFreeStream()
  }

  #onGoaway(lastStreamId: number): void {
    this.#lastStreamId = Math.min(this.#lastStreamId, lastStreamId)
    this.#failure ??= 'goaway'
    this.retire()
  }

  #abort(reason: string): void {
    this.#failure ??= reason
    this.#session.destroy()
  }

  // After a GOAWAY with nothing in flight Node ends the session but reports `close` only when the server hangs up.
  #leaveWhenDone(): void {
    if (this.#open > 0) return
    this.#session.destroy()
    this.#gone.resolve()
  }

  #onClose(): void {
    this.#gone.resolve()
    const reason = this.#failure ?? 'closed'
    this.#options.onConnection(this.#connected ? 'closed' : 'failed', reason)
    if (!this.#connected) this.#callbacks.onConnectFailed(reason)
    else if (!this.#retired) {
      this.#retired = true
      this.#callbacks.onRetired()
    }
  }
}

/** What has come of a response. */
class Answer {
  readonly #stream: ClientHttp2Stream
  readonly #connection: ConnectionHandle
  #headers: Record<string, string> = {}
  #chunks: Buffer[] = []
  #missing: number
  #isWhole = false
  status: number | undefined
  gaveUp: string | undefined

  constructor(stream: ClientHttp2Stream, connection: ConnectionHandle, responseBytes: number) {
    this.#stream = stream
    this.#connection = connection
    this.#missing = responseBytes
    stream.on('response', (headers, _flags, raw) => {
      this.status = Number(headers[':status'])
      this.#headers = joinFields(raw)
    })
    stream.on('data', (chunk: Buffer) => this.#take(chunk))
    stream.on('end', () => this.#end())
    // 'close' follows, and says what is known.
    stream.on('error', () => {})
  }

  giveUp(reason: string): void {
    this.gaveUp ??= reason
    this.#stream.close(constants.NGHTTP2_CANCEL)
  }

  result(): RequestResult | undefined {
    if (!this.#isWhole || this.status === undefined) return undefined
    const body = Buffer.concat(this.#chunks)
    return {
      kind: 'response',
      status: this.status,
      headers: this.#headers,
      body,
      connection: this.#connection,
    }
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk.subarray(0, this.#missing))
    this.#missing -= chunk.length
    if (this.#missing >= 0) return
    this.#isWhole = true
    this.#stream.close(constants.NGHTTP2_CANCEL)
  }

  /** Node ends a stream that was reset, too; by then it has the code. */
  #end(): void {
    if ((this.#stream.rstCode ?? 0) !== constants.NGHTTP2_NO_ERROR || this.gaveUp !== undefined) return
    this.#isWhole = true
    // Answered before the body was through: nobody reads the rest.
    if (!this.#stream.writableFinished) this.#stream.close(constants.NGHTTP2_NO_ERROR)
  }
}

/** RFC 9110 §5.3. Node itself drops or separates repetitions of some fields, so its flat list is read. */
function joinFields(raw: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = Object.create(null)
  for (let at = 0; at < raw.length; at += 2) {
    const [name = '', value = ''] = raw.slice(at, at + 2)
    if (!name.startsWith(':')) fields[name] = name in fields ? `${fields[name]}, ${value}` : value
  }
  return fields
}

/** Short name of an error for traces and logs: its code, never a message, which may hold an address. */
function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.name : 'error'
}

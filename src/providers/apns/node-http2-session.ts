import http2 from 'node:http2'
import {
  WIRE_LIMITS,
  type WireConnection,
  type WireHeaders,
  type WireOptions,
  type WireResult,
} from './wire.ts'

const CONNECT_TIMEOUT_MS = 10_000
/** Field practice accepts one PING a minute (node-apn sends one); a path that died silently is noticed within it. */
const PING_INTERVAL_MS = 60_000
const PING_TIMEOUT_MS = 10_000
/** Requests in a row without an answer after which new ones take another connection. */
const MAX_TIMEOUTS = 3
/** APNs answers with at most a short JSON object. */
const MAX_RESPONSE_CHARS = 16 * 1024

export interface SessionCallbacks {
  onReady(): void
  onFreeStream(): void
  /** Takes no new requests any more; those under way go on. */
  onRetired(): void
  onConnectFailed(reason: string): void
}

export interface OpenSession extends WireConnection {
  isReady(): boolean
  /** Connecting or connected, and neither retired nor closed. */
  isUsable(): boolean
  hasFreeStream(): boolean
  send(headers: WireHeaders, body: Buffer, resolve: (result: WireResult) => void): void
  /** Resolves when the session and all its streams are gone. */
  closed: Promise<void>
}

export function openSession(options: WireOptions, callbacks: SessionCallbacks): OpenSession {
  return new NodeHttp2Session(options, callbacks)
}

class NodeHttp2Session implements OpenSession {
  readonly #gone = Promise.withResolvers<void>()
  readonly closed = this.#gone.promise
  readonly #session: http2.ClientHttp2Session
  readonly #callbacks: SessionCallbacks
  readonly #options: WireOptions
  #connected = false
  #retired = false
  #open = 0
  #failure: string | undefined
  /** Requests that timed out since the last answer. */
  #timeouts = 0
  /** Streams above this were not processed by the peer (RFC 9113 §6.8). */
  #lastStreamId = Number.POSITIVE_INFINITY
  #ping: NodeJS.Timeout | undefined

  constructor(options: WireOptions, callbacks: SessionCallbacks) {
    this.#options = options
    this.#callbacks = callbacks
    this.#session = http2.connect(options.origin, {
      minVersion: 'TLSv1.2',
      ...(options.ca === undefined ? {} : { ca: options.ca }),
      ...options.certificate,
      settings: { enablePush: false },
    })
    const connectTimer = setTimeout(() => this.#abort('connect-timeout'), CONNECT_TIMEOUT_MS)
    this.#session.once('close', () => {
      clearTimeout(connectTimer)
      this.#onClose()
    })
    this.#session.on('error', error => {
      this.#failure ??= errorCode(error)
    })
    // The peer's first SETTINGS say how many streams it allows; before them nothing is sent.
    this.#session.on('remoteSettings', () => {
      clearTimeout(connectTimer)
      this.#onSettings()
    })
    // Fires more than once: a graceful shutdown announces the highest id first and the real one later.
    this.#session.on('goaway', (_code, lastStreamId) => this.#onGoaway(lastStreamId))
  }

  isReady(): boolean {
    return this.#connected && this.isUsable()
  }

  // A session after GOAWAY is `closed` but not `destroyed`; a client that asks only for the latter goes silent for hours.
  isUsable(): boolean {
    return !this.#retired && !this.#session.closed && !this.#session.destroyed
  }

  hasFreeStream(): boolean {
    const limit = this.#session.remoteSettings?.maxConcurrentStreams ?? 1
    return this.isReady() && this.#open < limit
  }

  retire(): void {
    if (this.#retired) return
    this.#retired = true
    clearInterval(this.#ping)
    this.#leaveWhenDone()
    this.#callbacks.onRetired()
  }

  send(headers: WireHeaders, body: Buffer, resolve: (result: WireResult) => void): void {
    this.#open++
    let result: WireResult | undefined
    let status = 0
    let received: Record<string, string> = {}
    let text = ''
    const stream = this.#request(headers)
    if (!stream) {
      this.#open--
      resolve({ kind: 'not-processed', reason: 'session-closed', unreachable: false })
      return
    }
    const deadline = setTimeout(
      () => {
        result ??= { kind: 'unknown', reason: 'timeout' }
        stream.close(http2.constants.NGHTTP2_CANCEL)
        this.#onTimeout()
      },
      (this.#options.limits ?? WIRE_LIMITS).requestMs,
    )
    stream.setEncoding('utf8')
    stream.on('response', answer => {
      this.#timeouts = 0
      status = Number(answer[':status'])
      received = answer as Record<string, string>
    })
    stream.on('data', (chunk: string) => {
      if (text.length < MAX_RESPONSE_CHARS) text += chunk
    })
    stream.on('end', () => {
      if (status > 0) result ??= { kind: 'response', status, headers: received, body: text, connection: this }
    })
    stream.on('error', () => {})
    stream.on('close', () => {
      clearTimeout(deadline)
      // Accepted is accepted, even if the end of the empty body never came.
      if (status === 200)
        result ??= { kind: 'response', status, headers: received, body: '', connection: this }
      this.#open--
      resolve(result ?? this.#failedStream(stream))
      if (this.#retired) this.#leaveWhenDone()
      else this.#callbacks.onFreeStream()
    })
    stream.end(body)
  }

  #request(headers: WireHeaders): http2.ClientHttp2Stream | undefined {
    try {
      return this.#session.request(headers)
    } catch {
      // Between GOAWAY and its event the session refuses synchronously; nothing was sent.
      return undefined
    }
  }

  #failedStream(stream: http2.ClientHttp2Stream): WireResult {
    const refused = stream.rstCode === http2.constants.NGHTTP2_REFUSED_STREAM
    const neverSent = stream.id === undefined || stream.id > this.#lastStreamId
    if (refused || neverSent) {
      return {
        kind: 'not-processed',
        reason: refused ? 'refused-stream' : 'goaway',
        unreachable: false,
      }
    }
    return { kind: 'unknown', reason: this.#failure ?? `reset-${stream.rstCode ?? 0}` }
  }

  /** A path or a server that died silently: one more request would only wait as long again. */
  #onTimeout(): void {
    this.#timeouts++
    if (this.#timeouts >= MAX_TIMEOUTS) this.retire()
    else this.#checkAlive()
  }

  #onSettings(): void {
    if (!this.#connected) {
      this.#connected = true
      this.#ping = setInterval(() => this.#checkAlive(), PING_INTERVAL_MS)
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

  #checkAlive(): void {
    if (this.#session.destroyed) return
    const timer = setTimeout(() => this.#abort('ping-timeout'), PING_TIMEOUT_MS)
    const sent = this.#session.ping(() => clearTimeout(timer))
    if (!sent) clearTimeout(timer)
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
    clearInterval(this.#ping)
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

/** Short name of an error for traces and logs: its code, never a message, which may hold an address. */
function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.name : 'error'
}

/**
 * What the engine offers to providers: requests to one origin with one credential, over as many connections as that
 * takes. It knows requests and streams, never pushes. A result is exact about what is known; nothing is ever sent twice.
 */
export interface Http2Client {
  /**
   * Always resolves. Waits for a free stream for at most `limits.queueMs`; `limits.requestMs` then runs from the opening
   * of the stream to the end of the response. Rejects only for a request that could not be written (a bug of the caller).
   */
  request(request: Http2Request): Promise<RequestResult>
  /**
   * Requests that make sense under way at once just now: what the connections take, and a few that wait. More would only
   * queue here. It changes with the peer's settings; `onCapacity` tells.
   */
  capacity(): number
  state(): ClientState
  /** Takes nothing new, waits for what is under way, then closes every connection. Idempotent. */
  close(): Promise<void>
}

/** `down`: the last attempt to connect failed. `idle`: no connection is needed now. */
export type ClientState = 'idle' | 'ready' | 'down'

export interface Http2Request {
  method: string
  /** Path and query, as they stand in `:path`. */
  path: string
  /** Fields whose values come again: each is written out once per connection, then takes a byte or two. Lower case. */
  headers: Readonly<Record<string, string>>
  /** Fields whose values are new at each request: only their names are remembered. Lower case. */
  uniqueHeaders: Readonly<Record<string, string>>
  body: Buffer
}

export type RequestResult = ResponseResult | NotProcessedResult | UnknownResult

/** The whole response. */
export interface ResponseResult {
  kind: 'response'
  status: number
  /** Several fields of one name are joined by ", " (RFC 9110 §5.3). Without prototype. */
  headers: Readonly<Record<string, string>>
  /** At most `limits.responseBytes`; the rest is not waited for. */
  body: Buffer
  /** On which it came, the same object for all its responses. */
  connection: ConnectionHandle
}

/** Provably nobody acted on it, so that it may be sent again: never sent, or RFC 9113 §8.7. */
export interface NotProcessedResult {
  kind: 'not-processed'
  reason: string
  /** No connection could be made, or none takes a request; at once again would end the same way. */
  isUnreachable: boolean
  /** The peer refused it on a connection that goes on; else another connection takes its place. */
  isRefused?: true
}

/** Sent, and no complete response came: nobody knows. */
export interface UnknownResult {
  kind: 'unknown'
  reason: string
  /** What the response's first fields said, if they came. */
  status?: number
}

export interface ConnectionHandle {
  /** New requests go to another connection; what is under way on this one runs to its end. Idempotent. */
  retire(): void
}

/** Time and chance, as the caller has them; a test moves its own. */
export interface EngineClock {
  /** Milliseconds, for durations only. */
  monotonic(): number
  /** Uniform in [0, 1). */
  random(): number
  /** Runs `callback` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, callback: () => void): () => void
}

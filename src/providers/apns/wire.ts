/**
 * The APNs provider's small interface to HTTP/2: one origin, one credential. It knows requests, never pushes.
 * A result is exact about what is known: only `not-processed` may be sent again without risking a duplicate.
 */
export interface Wire {
  /** Always resolves. The deadline runs from the moment the stream is opened, not while waiting for a free stream. */
  request(headers: WireHeaders, body: Buffer): Promise<WireResult>
  state(): WireState
  /** Waits for what is under way, then closes. Idempotent. */
  close(): Promise<void>
}

/** Names in lower case; pseudo-headers `:method` and `:path` included. */
export type WireHeaders = Record<string, string>

export interface WireConnection {
  /** New requests go to another connection; what is under way on this one runs to its end. Idempotent. */
  retire(): void
}

export type WireState = 'idle' | 'ready' | 'down'

export type WireResult =
  | {
      kind: 'response'
      status: number
      headers: Readonly<Record<string, string>>
      body: string
      /** On which it came, the same object for all its responses. */
      connection: WireConnection
    }
  /** Never sent, above the last stream id of a GOAWAY, or REFUSED_STREAM (RFC 9113 §8.7). */
  | { kind: 'not-processed'; reason: string /** No connection could be made. */; unreachable: boolean }
  /** Sent, and no answer came: nobody knows. */
  | { kind: 'unknown'; reason: string }

export interface WireLimits {
  /** From the opening of a stream to its answer. */
  requestMs: number
  /** Longest wait for a free stream; beyond it the peer takes nothing, though the connection stands. */
  queueMs: number
}

/** APNs answers within a second, or something is wrong. */
export const WIRE_LIMITS: WireLimits = { requestMs: 15_000, queueMs: 20_000 }

export interface WireOptions {
  origin: string
  /** Default WIRE_LIMITS. */
  limits?: WireLimits
  /** Authority of the server's certificate; undefined: Node's own list. */
  ca: string | undefined
  /** Client certificate, for certificate credentials. */
  certificate: { cert: string; key: string } | undefined
  /** Called once per connection made, lost or refused; `reason` is a code, never an address. */
  onConnection(state: 'connected' | 'closed' | 'failed', reason: string | undefined): void
}

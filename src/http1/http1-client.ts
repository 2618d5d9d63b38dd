/**
 * What this client offers to providers whose servers speak HTTP/1.1: requests to one origin over a bounded number of kept
 * connections. It knows requests, never pushes. A result is exact about what is known; nothing is ever sent twice, and no
 * redirect is followed.
 */
export interface Http1Client {
  /**
   * Always resolves, within `limits.requestMs`, from the call to the end of the response. Rejects only for a request that
   * could not be written (a bug of the caller).
   */
  request(request: Http1Request): Promise<Http1Result>
  /** Requests that make sense under way at once: as many as there may be connections. */
  capacity(): number
  /** `down`: the last attempt to connect failed. `idle`: no connection is open. */
  state(): 'idle' | 'ready' | 'down'
  /** Waits for what is under way, then closes every connection. Idempotent. */
  close(): Promise<void>
}

export interface Http1Request {
  method: string
  /** Path and query. */
  path: string
  /** Lower case. */
  headers: Readonly<Record<string, string>>
  body: Buffer
}

export type Http1Result =
  | {
      kind: 'response'
      status: number
      /** Several fields of one name are joined by ", ". Without prototype. */
      headers: Readonly<Record<string, string>>
      /** At most `limits.responseBytes`: of a longer one the beginning, the rest is not waited for. */
      body: Buffer
    }
  /** Provably nobody acted on it: not a byte of it was written. */
  | {
      kind: 'not-processed'
      reason: string
      /** No connection could be made, or none was free in time: at once again would end the same way. */
      isUnreachable: boolean
    }
  /** Sent, and no complete response came: nobody knows. `status`: what the head of the response said, if it came. */
  | { kind: 'unknown'; reason: string; status?: number }

/** Time as the caller has it; a test moves its own. */
export interface Http1Clock {
  /** Runs `callback` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, callback: () => void): () => void
}

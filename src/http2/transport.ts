/** A stream of octets to the peer, TLS in the end. The connection above it neither knows nor opens sockets. */
export interface Transport {
  /** Calls `done` once the octets have left, and not at all if they never do; until then they must not change. */
  write(bytes: Buffer, done: () => void): void
  /** Closes after what was written has left. */
  end(): void
  /** Closes at once. */
  destroy(): void
}

import type { EngineClock } from './http2-client.ts'
import type { LivenessLimits } from './liveness.ts'
import type { Transport } from './transport.ts'

export interface ConnectionLimits extends LivenessLimits {
  /** Streams at once, even if the peer takes more. */
  streams: number
  /** From the opening of a stream to the end of the response. */
  requestMs: number
  /** Of a response's body; the rest is not waited for. */
  responseBytes: number
  /** Longest wait for the acknowledgement of our settings (RFC 9113 §6.5.3). */
  settingsMs: number
  /** Longest wait for the peer to hang up after a goodbye. */
  closeMs: number
  /** Stream ids end here, and the connection with them (§5.1.1). */
  lastStreamId: number
}

export interface ConnectionOptions {
  /** For `:authority`. */
  authority: string
  transport: Transport
  clock: EngineClock
  limits: ConnectionLimits
  events: ConnectionEvents
}

export interface ConnectionEvents {
  /** The peer's first settings are known: requests may be sent. */
  onReady(): void
  /** The peer has announced settings: it may take more, or less, than before. */
  onSettings(): void
  /** A stream has ended, or the window has opened: the next request may begin. */
  onFreeStream(): void
  /** Takes no new requests any more; called once. What is under way goes on. */
  onRetired(): void
  /** Gone, and every request has its result; called once. `reason` is a code, never an address. */
  onClosed(reason: string): void
}

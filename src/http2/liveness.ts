import { writePing } from './frames/frame-writer.ts'
import type { EngineClock } from './http2-client.ts'
import type { Outbox } from './outbox.ts'

export interface LivenessLimits {
  /** Silence after which the peer is asked with a PING. */
  pingMs: number
  /** Longest wait for its answer. */
  pingTimeoutMs: number
  /** An unused connection is given up after it. */
  idleMs: number
}

export interface LivenessOptions {
  clock: EngineClock
  limits: LivenessLimits
}

export interface LivenessActions {
  onDead(): void
  onIdle(): void
}

/** Whether anybody is still there, and whether anybody still needs the connection. */
export class Liveness {
  readonly #clock: EngineClock
  readonly #limits: LivenessLimits
  readonly #outbox: Outbox
  readonly #actions: LivenessActions
  readonly #payload = Buffer.alloc(8)
  #pings = 0
  #heardAt = 0
  #idleSince: number | undefined
  #cancelCheck = () => {}
  #cancelIdle = () => {}
  #cancelTimeout: (() => void) | undefined

  constructor(options: LivenessOptions, outbox: Outbox, actions: LivenessActions) {
    this.#clock = options.clock
    this.#limits = options.limits
    this.#outbox = outbox
    this.#actions = actions
  }

  start(): void {
    this.heard()
    this.#armCheck(this.#limits.pingMs)
    this.setIdle(true)
    this.#armIdle(this.#limits.idleMs)
  }

  /** The peer said something. */
  heard(): void {
    this.#heardAt = this.#clock.monotonic()
  }

  setIdle(isIdle: boolean): void {
    this.#idleSince = isIdle ? this.#clock.monotonic() : undefined
  }

  /** Asks now: something makes the path suspect. */
  check(): void {
    if (this.#cancelTimeout) return
    this.#payload.writeUInt32BE(++this.#pings >>> 0, 4)
    writePing(this.#outbox.output, this.#payload, false)
    this.#outbox.wake()
    this.#cancelTimeout = this.#clock.after(this.#limits.pingTimeoutMs, () => this.#actions.onDead())
  }

  /** The answer to a PING; one that we did not send proves nothing. */
  answered(payload: Buffer): void {
    if (!payload.equals(this.#payload)) return
    this.#cancelTimeout?.()
    this.#cancelTimeout = undefined
  }

  stop(): void {
    this.#cancelCheck()
    this.#cancelIdle()
    this.#cancelTimeout?.()
  }

  // Both are looked at when the time is up, instead of timers that are set and cancelled with each request.
  #armCheck(delayMs: number): void {
    this.#cancelCheck = this.#clock.after(delayMs, () => {
      const { pingMs } = this.#limits
      const leftMs = this.#heardAt + pingMs - this.#clock.monotonic()
      if (leftMs <= 0) this.check()
      this.#armCheck(leftMs <= 0 ? pingMs : leftMs)
    })
  }

  #armIdle(delayMs: number): void {
    this.#cancelIdle = this.#clock.after(delayMs, () => {
      const { idleMs } = this.#limits
      const leftMs =
        this.#idleSince === undefined ? idleMs : this.#idleSince + idleMs - this.#clock.monotonic()
      if (leftMs <= 0) this.#actions.onIdle()
      else this.#armIdle(leftMs)
    })
  }
}

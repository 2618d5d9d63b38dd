import type { ConnectionOptions } from './connection-options.ts'
import type { ErrorName } from './errors.ts'
import { writeGoaway } from './frames/frame-writer.ts'
import type { Outbox } from './outbox.ts'

/** The end from our side: GOAWAY, then nothing more, and the peer hangs up, or we do (RFC 9113 §5.4.1, §6.8). */
export class Farewell {
  readonly #options: ConnectionOptions
  readonly #outbox: Outbox
  readonly #onOverdue: () => void
  #isSaid = false
  #cancelTimer = () => {}

  /** `onOverdue`: the peer has not hung up. */
  constructor(options: ConnectionOptions, outbox: Outbox, onOverdue: () => void) {
    this.#options = options
    this.#outbox = outbox
    this.#onOverdue = onOverdue
  }

  get isSaid(): boolean {
    return this.#isSaid
  }

  say(code: ErrorName, debugData: string): void {
    const { transport, clock, limits } = this.#options
    this.#isSaid = true
    writeGoaway(this.#outbox.output, code, debugData)
    this.#outbox.finish()
    this.#cancelTimer = clock.after(limits.closeMs, this.#onOverdue)
    transport.end()
  }

  /** The transport is gone. */
  done(): void {
    this.#cancelTimer()
  }
}

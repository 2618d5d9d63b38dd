import type { ReceiveWindow } from './flow-control.ts'
import { writeWindowUpdate } from './frames/frame-writer.ts'
import type { Outbox } from './outbox.ts'

/**
 * Credit for what the peer has sent (RFC 9113 §6.9). It counts once it was handed to the transport: the peer cannot have
 * used it before, and one that sends on while it does not read is found out.
 */
export class Credits {
  readonly #outbox: Outbox
  #announced: { window: ReceiveWindow; increment: number }[] = []

  constructor(outbox: Outbox) {
    this.#outbox = outbox
  }

  /** Gives what is due. For the connection with `streamId` 0. */
  give(streamId: number, window: ReceiveWindow): void {
    const increment = window.takeCredit()
    if (increment === 0) return
    writeWindowUpdate(this.#outbox.output, streamId, increment)
    this.#outbox.wake()
    this.#announced.push({ window, increment })
  }

  /** All that was written is on its way to the peer. */
  handedOver(): void {
    if (this.#announced.length === 0) return
    for (const { window, increment } of this.#announced) window.grow(increment)
    this.#announced = []
  }
}

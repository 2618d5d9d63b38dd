import { MAX_WINDOW_SIZE } from './settings.ts'

/**
 * A send window after WINDOW_UPDATE or a changed initial size (RFC 9113 §6.9); undefined when it would exceed what is
 * allowed (§6.9.1). May be below zero, when the peer has lowered the initial size (§6.9.2).
 */
export function growWindow(size: number, increment: number): number | undefined {
  const grown = size + increment
  return grown > MAX_WINDOW_SIZE ? undefined : grown
}

/** How much the peer may send. It gets credit anew as soon as half of the window is used up: we keep nothing waiting. */
export class ReceiveWindow {
  readonly #size: number
  #left: number
  /** Received, and no credit given for it. */
  #used = 0

  constructor(size: number) {
    this.#size = size
    this.#left = size
  }

  /** False when the peer has sent more than it may. */
  receive(octets: number): boolean {
    this.#left -= octets
    this.#used += octets
    return this.#left >= 0
  }

  /** The increment to announce now; 0 for none. */
  takeCredit(): number {
    if (this.#used < this.#size / 2) return 0
    const credit = this.#used
    this.#used = 0
    return credit
  }

  /** An announced increment is on its way to the peer. */
  grow(increment: number): void {
    this.#left += increment
  }
}

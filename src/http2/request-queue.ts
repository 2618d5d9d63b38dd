import { Fifo } from './fifo.ts'
import type { EngineClock, Http2Request, RequestResult } from './http2-client.ts'
import { unreachable } from './results.ts'

export interface Waiting {
  request: Http2Request
  resolve(result: RequestResult): void
  since: number
}

/** Requests that wait for a free stream, first come, first served, none for longer than the limit. */
export class RequestQueue {
  readonly #clock: EngineClock
  readonly #limitMs: number
  readonly #onOverdue: (isStuck: boolean) => void
  readonly #waiting = new Fifo<Waiting>()
  #lastTakenAt: number
  #longestMs = 0
  #cancel: (() => void) | undefined

  /** `onOverdue`: the oldest has waited too long; `isStuck`: and none was taken for half as long. */
  constructor(clock: EngineClock, limitMs: number, onOverdue: (isStuck: boolean) => void) {
    this.#clock = clock
    this.#limitMs = limitMs
    this.#onOverdue = onOverdue
    this.#lastTakenAt = clock.monotonic()
  }

  get length(): number {
    return this.#waiting.length
  }

  add(request: Http2Request, resolve: (result: RequestResult) => void): void {
    this.#waiting.push({ request, resolve, since: this.#clock.monotonic() })
    this.#cancel ??= this.#clock.after(this.#limitMs, () => this.#look())
  }

  take(): Waiting | undefined {
    const first = this.#waiting.take()
    if (!first) return undefined
    this.#lastTakenAt = this.#clock.monotonic()
    this.#longestMs = Math.max(this.#longestMs, this.#lastTakenAt - first.since)
    return first
  }

  /** The longest that one has waited, or is waiting, since this was last asked. */
  takeLongestMs(): number {
    const oldest = this.#waiting.peek()
    const waitingMs = oldest ? this.#clock.monotonic() - oldest.since : 0
    const longestMs = Math.max(this.#longestMs, waitingMs)
    this.#longestMs = 0
    return longestMs
  }

  /** None of them was sent. */
  failAll(reason: string): void {
    for (let next = this.#waiting.take(); next; next = this.#waiting.take()) next.resolve(unreachable(reason))
  }

  failOverdue(reason: string): void {
    const now = this.#clock.monotonic()
    for (
      let next = this.#waiting.peek();
      next && now - next.since >= this.#limitMs;
      next = this.#waiting.peek()
    ) {
      this.#waiting.take()
      next.resolve(unreachable(reason))
    }
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #look(): void {
    this.#cancel = undefined
    const now = this.#clock.monotonic()
    if (this.#leftMs(now) <= 0) this.#onOverdue(now - this.#lastTakenAt >= this.#limitMs / 2)
    const leftMs = this.#leftMs(now)
    if (leftMs !== Number.POSITIVE_INFINITY) this.#cancel = this.#clock.after(leftMs, () => this.#look())
  }

  #leftMs(now: number): number {
    const oldest = this.#waiting.peek()
    return oldest ? oldest.since + this.#limitMs - now : Number.POSITIVE_INFINITY
  }
}

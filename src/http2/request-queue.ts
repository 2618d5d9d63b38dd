import type { EngineClock, Http2Request, RequestResult } from './http2-client.ts'
import { unreachable } from './results.ts'

export interface Waiting {
  request: Http2Request
  resolve(result: RequestResult): void
  since: number
}

/** So many places in front may be empty before they are given back. */
const COMPACT_AFTER = 1024

/** Requests that wait for a free stream, first come, first served, none for longer than the limit. */
export class RequestQueue {
  readonly #clock: EngineClock
  readonly #limitMs: number
  readonly #onOverdue: () => void
  #waiting: Waiting[] = []
  #head = 0
  #cancel: (() => void) | undefined

  /** `onOverdue`: the oldest has waited too long. */
  constructor(clock: EngineClock, limitMs: number, onOverdue: () => void) {
    this.#clock = clock
    this.#limitMs = limitMs
    this.#onOverdue = onOverdue
  }

  get length(): number {
    return this.#waiting.length - this.#head
  }

  add(request: Http2Request, resolve: (result: RequestResult) => void): void {
    this.#waiting.push({ request, resolve, since: this.#clock.monotonic() })
    this.#cancel ??= this.#clock.after(this.#limitMs, () => this.#look())
  }

  take(): Waiting | undefined {
    const first = this.#waiting[this.#head]
    if (!first) return undefined
    this.#head++
    if (this.#head === this.#waiting.length || this.#head >= COMPACT_AFTER) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
    return first
  }

  /** None of them was sent. */
  failAll(reason: string): void {
    for (let next = this.take(); next; next = this.take()) next.resolve(unreachable(reason))
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #look(): void {
    this.#cancel = undefined
    const oldest = this.#waiting[this.#head]
    if (!oldest) return
    const leftMs = oldest.since + this.#limitMs - this.#clock.monotonic()
    if (leftMs <= 0) this.#onOverdue()
    else this.#cancel = this.#clock.after(leftMs, () => this.#look())
  }
}

import type { Connection } from './connection.ts'
import type { EngineClock } from './http2-client.ts'

/** A connection of a pool. */
export interface Member {
  connection: Connection
  openedAt: number
  isReady: boolean
  closed: Promise<void>
}

export interface PoolSizeParts {
  clock: EngineClock
  /** Connections at once. */
  most: number
  /** Connecting, or taking new requests. */
  members: ReadonlySet<Member>
  /** The longest that a request has waited for a stream since this was last asked. */
  takeLongestWaitMs(): number
  mayConnect(): boolean
  connect(): void
}

const WINDOW_MS = 50
/** In so many periods in a row must requests have waited; a short crowd needs no further connection. */
const WINDOWS = 2
/** Shorter waits are the machine's own: it is busy, and another connection would only make it busier. */
const LONG_WAIT_MS = 10
/** How often it is seen whether fewer connections would do. */
const SHRINK_MS = 60_000

/** How many connections a pool has, beyond the first: as many as keep requests from waiting for streams. */
export class PoolSize {
  readonly #parts: PoolSizeParts
  #pressedWindows = 0
  #cancelWindow: (() => void) | undefined
  #cancelShrink: (() => void) | undefined

  constructor(parts: PoolSizeParts) {
    this.#parts = parts
  }

  /** A request waits, and all streams are in use. */
  pressed(): void {
    this.#cancelWindow ??= this.#parts.clock.after(WINDOW_MS, () => this.#look())
  }

  /** The peer has announced another limit: what was waited before tells nothing. */
  limitChanged(): void {
    this.#parts.takeLongestWaitMs()
    this.#pressedWindows = 0
  }

  /** There is one more. */
  grown(): void {
    if (this.#parts.members.size > 1) this.#watchShrink()
  }

  stop(): void {
    this.#cancelWindow?.()
    this.#cancelShrink?.()
  }

  #look(): void {
    this.#cancelWindow = undefined
    const isPressed = this.#parts.takeLongestWaitMs() >= LONG_WAIT_MS
    this.#pressedWindows = isPressed ? this.#pressedWindows + 1 : 0
    if (!isPressed) return
    if (this.#pressedWindows >= WINDOWS && this.#mayGrow()) {
      this.#pressedWindows = 0
      this.#parts.connect()
    } else this.pressed()
  }

  /** One at a time, and not beside one that may yet allow more: APNs begins with a single stream. */
  #mayGrow(): boolean {
    const { members, most, mayConnect } = this.#parts
    if (members.size === 0 || members.size >= most || !mayConnect()) return false
    for (const { connection } of members) if (connection.record.answers === 0) return false
    return true
  }

  #watchShrink(): void {
    this.#cancelShrink ??= this.#parts.clock.after(SHRINK_MS, () => this.#shrink())
  }

  /** Gives one up when the others would have borne the load of the last period with half of their streams. */
  #shrink(): void {
    this.#cancelShrink = undefined
    const ready = [...this.#parts.members]
      .filter(({ isReady }) => isReady)
      .map(({ connection }) => connection)
    const underWay = sum(ready.map(connection => connection.takeMostOpen()))
    const [emptiest, ...others] = ready.toSorted((a, b) => a.openStreams() - b.openStreams())
    if (others.length > 0 && underWay * 2 <= sum(others.map(connection => connection.streamLimit())))
      emptiest?.retire()
    this.grown()
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

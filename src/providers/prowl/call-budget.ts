const HOUR_MS = 3_600_000
const UNKNOWN = Number.POSITIVE_INFINITY

/**
 * How many calls Prowl still takes from our address: 1000 an hour, counted from the first (https://www.prowlapp.com/api.php).
 * What it last said, less what is under way, so that no call is made of which it is known that it would be refused.
 */
export class CallBudget {
  #remaining = UNKNOWN
  #resetAt = 0
  #underWay = 0

  /** Undefined: call, and say `ended` afterwards. Else the instant before which a call makes no sense. */
  take(now: number): number | undefined {
    if (this.#isOver(now)) this.#remaining = UNKNOWN
    if (this.#remaining - this.#underWay <= 0) return this.#resetAt
    this.#underWay++
    return undefined
  }

  ended(): void {
    this.#underWay--
  }

  /** What an answer said. Answers overtake each other: of one window the least number is the latest. */
  learn(remaining: number, resetAt: number, now: number): void {
    // No window is longer than an hour, so that a mistaken date cannot silence Prowl for a year.
    const until = Math.min(resetAt, now + HOUR_MS)
    if (until < this.#resetAt && !this.#isOver(now)) return
    this.#remaining = until === this.#resetAt ? Math.min(this.#remaining, remaining) : remaining
    this.#resetAt = until
  }

  /** Prowl refused a call for the limit. Answers until when: the known end of the window, else an hour from now. */
  exhaust(now: number): number {
    if (this.#isOver(now)) this.#resetAt = now + HOUR_MS
    this.#remaining = 0
    return this.#resetAt
  }

  /** A window whose end is further away than any is long was counted by a clock that has been set back since. */
  #isOver(now: number): boolean {
    return now >= this.#resetAt || this.#resetAt > now + HOUR_MS
  }
}

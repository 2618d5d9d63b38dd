/**
 * The only home of wall time, monotonic time, timers and randomness, so that tests can own all four.
 * Instants are milliseconds since 1970, durations are milliseconds.
 */
export interface Clock {
  /** Wall time. May jump; never used to measure a duration. */
  now(): number
  /** Monotonic time, for durations only. */
  monotonic(): number
  /** Uniform in [0, 1). Not for secrets. */
  random(): number
  /** Runs `callback` once after `delayMs`; the returned function cancels it and may be called twice. */
  after(delayMs: number, callback: () => void): () => void
}

// Node fires a timer at once when its delay exceeds this (24.8 days); so long a wait ends early instead.
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** A clock whose wall time is so much ahead. */
export function aheadBy(clock: Clock, offsetMs: () => number): Clock {
  return { ...clock, now: () => clock.now() + offsetMs() }
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), LONGEST_TIMER_MS))
    return () => clearTimeout(timer)
  },
}

import { type Clock, systemClock } from '../../src/domain/clock.ts'

/** A wall clock that stands still, while waiting takes its time. */
export class StillClock implements Clock {
  readonly now: () => number
  readonly monotonic = systemClock.monotonic
  readonly random = systemClock.random
  readonly after = systemClock.after

  constructor(now: number) {
    this.now = () => now
  }
}

/** When a fault strikes: of the requests that fit, the first `after` pass, then `percent` % of `times` are struck. */
export interface StrikeTiming {
  /** Evenly spread, not random: 25 strikes every fourth. Default 100. */
  percent?: number
  /** After so many strikes the fault is over. */
  times?: number
  after?: number
}

/** A fault and what it has done so far. */
export interface Armed<F extends StrikeTiming> {
  id: number
  fault: F
  strikes: number
  passed: number
  /** Percent saved up; a strike costs 100. */
  credit: number
}

export function arm<F extends StrikeTiming>(id: number, fault: F): Armed<F> {
  return { id, fault, strikes: 0, passed: 0, credit: 0 }
}

export function isOver({ fault, strikes }: Armed<StrikeTiming>): boolean {
  return fault.times !== undefined && strikes >= fault.times
}

/** To be asked once for every request that fits. */
export function strikesNow(armed: Armed<StrikeTiming>): boolean {
  if (armed.passed < (armed.fault.after ?? 0)) {
    armed.passed += 1
    return false
  }
  armed.credit += armed.fault.percent ?? 100
  if (armed.credit < 100) return false
  armed.credit -= 100
  armed.strikes += 1
  return true
}

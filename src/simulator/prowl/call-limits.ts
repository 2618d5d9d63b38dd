import type { Clock } from '../../domain/clock.ts'

const HOUR_MS = 3_600_000
const MAX_ADDRESSES = 10_000

export interface Calls {
  remaining: number
  resetAt: number
}

/** Counts calls by the address that they come from: so many an hour, which begins with the first. */
export interface CallLimits {
  /** Undefined when this call is one too many. Right and wrong calls count alike. */
  count(address: string): Calls | undefined
  /** As if the address had made all its calls but so many. */
  leave(remaining: number): void
}

export function createCallLimits(limit: number, clock: Pick<Clock, 'now'>): CallLimits {
  const windows = new Map<string, Calls>()
  let next = limit
  return {
    count(address) {
      const now = clock.now()
      const known = windows.get(address)
      const calls = known && known.resetAt > now ? known : { remaining: next, resetAt: now + HOUR_MS }
      next = limit
      if (windows.size >= MAX_ADDRESSES) windows.clear()
      windows.set(address, calls)
      if (calls.remaining <= 0) return undefined
      calls.remaining -= 1
      return { ...calls }
    },
    leave(remaining) {
      for (const calls of windows.values()) calls.remaining = remaining
      next = remaining
    },
  }
}

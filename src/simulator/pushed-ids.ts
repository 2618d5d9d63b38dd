/** How often each apns-id was taken, whether or not its answer reached the sender. */
export interface PushedIds {
  add(apnsId: string): void
  /** 0 for an id that was never pushed, or that was forgotten. */
  count(apnsId: string): number
  /** Different ids known. */
  readonly size: number
  /** How many of them were pushed more than once. */
  readonly repeatedSize: number
  /** Ids dropped because there were too many; 0 means that the answers of the others are complete. */
  readonly forgotten: number
  /** The ids pushed more than once, with their counts. */
  repeated(): [apnsId: string, count: number][]
  clear(): void
}

/** Keeps the last `limit` ids: about 100 bytes each. */
export function createPushedIds(limit: number): PushedIds {
  const counts = new Map<string, number>()
  // The few that repeat are kept apart, so that asking for them does not walk all ids.
  const repeats = new Set<string>()
  let forgotten = 0

  function forgetOldest(): void {
    const oldest = counts.keys().next()
    if (oldest.done) return
    counts.delete(oldest.value)
    repeats.delete(oldest.value)
    forgotten += 1
  }

  return {
    add(apnsId) {
      const count = (counts.get(apnsId) ?? 0) + 1
      counts.set(apnsId, count)
      if (count > 1) repeats.add(apnsId)
      if (counts.size > limit) forgetOldest()
    },
    count: apnsId => counts.get(apnsId) ?? 0,
    get size() {
      return counts.size
    },
    get repeatedSize() {
      return repeats.size
    },
    get forgotten() {
      return forgotten
    },
    repeated: () => Array.from(repeats, apnsId => [apnsId, counts.get(apnsId) ?? 0]),
    clear() {
      counts.clear()
      repeats.clear()
      forgotten = 0
    },
  }
}

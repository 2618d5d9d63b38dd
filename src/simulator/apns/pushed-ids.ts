/** How often each apns-id was taken, whether or not its answer reached the sender. */
export interface PushedIds {
  add(apnsId: string): void
  /** 0 for an id that was never pushed, or that was forgotten. */
  count(apnsId: string): number
  /** Different ids known. */
  readonly size: number
  /** How many of them were pushed more than once. */
  readonly repeatedSize: number
  /** Ids dropped because there were too many; 0 means that the answers are complete. */
  readonly forgotten: number
  /** The ids pushed more than once, with their counts. */
  repeated(): [apnsId: string, count: number][]
  clear(): void
}

/**
 * Keeps at least the last `limit` ids and at most twice as many, about 100 bytes each. Forgets a whole generation at a
 * time: taking single keys from the front of a Map walks over the holes that earlier ones left (70 µs each, measured).
 */
export function createPushedIds(limit: number): PushedIds {
  let young = new Map<string, number>()
  let old = new Map<string, number>()
  // The few that repeat are kept apart, so that asking for them does not walk all ids.
  const repeats = new Set<string>()
  let forgotten = 0

  const count = (apnsId: string) => young.get(apnsId) ?? old.get(apnsId) ?? 0

  function startGeneration(): void {
    forgotten += old.size
    for (const apnsId of repeats) if (old.has(apnsId)) repeats.delete(apnsId)
    old = young
    young = new Map()
  }

  return {
    add(apnsId) {
      const times = count(apnsId) + 1
      if (times > 1) {
        repeats.add(apnsId)
        old.delete(apnsId)
      }
      young.set(apnsId, times)
      if (young.size >= limit) startGeneration()
    },
    count,
    get size() {
      return young.size + old.size
    },
    get repeatedSize() {
      return repeats.size
    },
    get forgotten() {
      return forgotten
    },
    repeated: () => Array.from(repeats, apnsId => [apnsId, count(apnsId)]),
    clear() {
      young = new Map()
      old = new Map()
      repeats.clear()
      forgotten = 0
    },
  }
}

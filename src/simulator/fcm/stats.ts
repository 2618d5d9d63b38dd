export interface FcmStats {
  connections: { open: number; total: number }
  requests: number
  /** Messages that FCM took, whether or not the answer reached the sender. */
  taken: number
  /** Answered 200. */
  accepted: number
  /** By status and word, such as `404 UNREGISTERED`; what faults answered is not among them. */
  refusals: Record<string, number>
  /** Requests struck by a fault. */
  strikes: number
}

export function createCounters() {
  const current: FcmStats = {
    connections: { open: 0, total: 0 },
    requests: 0,
    taken: 0,
    accepted: 0,
    refusals: {},
    strikes: 0,
  }
  return {
    current,
    refused(status: number, word: string) {
      const key = `${status} ${word}`
      current.refusals[key] = (current.refusals[key] ?? 0) + 1
    },
    read: (): FcmStats => ({
      ...current,
      connections: { ...current.connections },
      refusals: { ...current.refusals },
    }),
  }
}

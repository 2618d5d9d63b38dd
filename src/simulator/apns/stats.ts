import type { PushedIds } from './pushed-ids.ts'
import type { Refusal } from './refusal.ts'

export interface SimulatorStats {
  connections: { open: number; total: number }
  requests: number
  /** Pushes that reached a phone, whether or not the answer reached the sender. */
  received: number
  /** Answered 200. */
  accepted: number
  /** By status and reason, such as `400 BadTopic`; what faults answered is not among them. */
  refusals: Record<string, number>
  /** Requests struck by a fault. */
  strikes: number
  /** Different apns-ids, and how many of them came more than once. */
  ids: { distinct: number; repeated: number; forgotten: number }
}

type Counts = Omit<SimulatorStats, 'ids'>

export function createCounters() {
  const current: Counts = {
    connections: { open: 0, total: 0 },
    requests: 0,
    received: 0,
    accepted: 0,
    refusals: {},
    strikes: 0,
  }
  return {
    current,
    opened() {
      current.connections.open += 1
      current.connections.total += 1
    },
    closed() {
      current.connections.open -= 1
    },
    requested() {
      current.requests += 1
    },
    received() {
      current.received += 1
    },
    accepted() {
      current.accepted += 1
    },
    struck() {
      current.strikes += 1
    },
    refused({ status, reason }: Refusal) {
      const key = `${status} ${reason}`
      current.refusals[key] = (current.refusals[key] ?? 0) + 1
    },
    read(ids: PushedIds): SimulatorStats {
      const { connections, refusals, ...counts } = current
      return {
        ...counts,
        connections: { ...connections },
        refusals: { ...refusals },
        ids: { distinct: ids.size, repeated: ids.repeatedSize, forgotten: ids.forgotten },
      }
    },
  }
}

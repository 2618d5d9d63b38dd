import { Latencies } from '../load/latencies.ts'
import type { Pusher } from './clients/pusher.ts'
import { startMetronome } from './metronome.ts'
import { DEVICES } from './pushes.ts'

export interface FixedRate {
  perSecond: number
  ms: number
  /** Most under way at once; what is due beyond them waits, and its waiting counts. */
  streams: number
}

export interface PacedLatencies {
  p50: number
  p99: number
}

const TICK_MS = 0.25
/** The first of them find cold caches, and code that is not compiled yet. */
const WARM_UP_SHARE = 0.2

/** Pushes at a fixed rate, whatever the answers do. A latency runs from the instant at which the push was due. */
export async function pace(pusher: Pusher, { perSecond, ms, streams }: FixedRate): Promise<PacedLatencies> {
  const total = Math.max(1, Math.round((perSecond * ms) / 1000))
  const latencies = new Latencies()
  const { promise: done, resolve, reject } = Promise.withResolvers<void>()
  let startedAt = Number.POSITIVE_INFINITY
  const dueAt = (index: number) => startedAt + (index * 1000) / perSecond
  let begun = 0
  let answered = 0
  const beginDue = () => {
    const now = performance.now()
    while (begun < total && begun - answered < streams && dueAt(begun) <= now) begin(begun++).catch(reject)
  }
  const begin = async (index: number) => {
    await pusher.push(index % DEVICES)
    answered++
    if (index >= total * WARM_UP_SHARE) latencies.add(performance.now() - dueAt(index))
    if (answered === total) resolve()
    else beginDue()
  }
  const metronome = await startMetronome(TICK_MS, beginDue)
  try {
    startedAt = performance.now()
    await done
  } finally {
    await metronome.stop()
  }
  return { p50: latencies.percentile(0.5), p99: latencies.percentile(0.99) }
}

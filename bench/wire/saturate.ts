import type { Pusher } from './clients/pusher.ts'
import { DEVICES } from './pushes.ts'

export interface FullLoad {
  /** Pushes under way at any time. */
  streams: number
  ms: number
}

export interface Throughput {
  pushes: number
  seconds: number
  /** Of the client's process, all its threads, the kernel's share included. */
  cpuMicros: number
}

/** As fast as it goes: each stream pushes again as soon as it is answered, until time is up and the last is answered. */
export async function saturate(pusher: Pusher, { streams, ms }: FullLoad): Promise<Throughput> {
  const before = process.cpuUsage()
  const startedAt = performance.now()
  let isOver = false
  setTimeout(() => {
    isOver = true
  }, ms)
  let pushes = 0
  const drive = async () => {
    do {
      await pusher.push(pushes++ % DEVICES)
    } while (!isOver)
  }
  await Promise.all(Array.from({ length: streams }, drive))
  const seconds = (performance.now() - startedAt) / 1000
  const { user, system } = process.cpuUsage(before)
  return { pushes, seconds, cpuMicros: user + system }
}

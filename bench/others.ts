import { cpus } from 'node:os'
import { cpuMicrosOfEndedChildren } from './system/child.ts'

/** Begins to look at what the machine does besides the bench; the answer is its share of all cores since, 0 to 1. */
export function watchOthers(): () => number {
  const before = cpuTimes()
  const own = process.cpuUsage()
  return () => {
    const after = cpuTimes()
    const { user, system } = process.cpuUsage(own)
    const ownMs = (user + system + cpuMicrosOfEndedChildren()) / 1000
    const othersMs = after.busyMs - before.busyMs - ownMs
    return Math.max(0, othersMs / (after.allMs - before.allMs))
  }
}

function cpuTimes(): { busyMs: number; allMs: number } {
  let busyMs = 0
  let allMs = 0
  for (const { times } of cpus()) {
    const all = Object.values(times).reduce((sum, ms) => sum + ms, 0)
    allMs += all
    busyMs += all - times.idle
  }
  return { busyMs, allMs }
}

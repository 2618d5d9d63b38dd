import { readFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { answerCalls } from './calls.ts'

/** What a process has used, all its threads together. */
export interface Usage {
  cpuMicros: number
  rssBytes: number
  peakRssBytes: number
}

// Loaded before the program that is measured (node --import); threads load it too, and only the process can tell.
if (isMainThread) answerCalls({ usage: readUsage })

function readUsage(): Usage {
  const { user, system } = process.cpuUsage()
  return { cpuMicros: user + system, rssBytes: process.memoryUsage.rss(), peakRssBytes: peakRss() }
}

// getrusage's maximum begins with that of the process that started this one (Linux keeps it over exec).
function peakRss(): number {
  try {
    const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    return Number(kibibytes) * 1024
  } catch {
    return process.resourceUsage().maxRSS * 1024
  }
}

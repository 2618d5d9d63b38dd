import { readdirSync, readFileSync } from 'node:fs'

/** /proc counts CPU time in them (USER_HZ), on every Linux. */
const TICKS_PER_SECOND = 100

interface Stat {
  parent: number
  /** Its own, user and kernel. */
  ticks: number
  /** Of its children that have ended. */
  endedTicks: number
}

export function cpuMicrosOf(pid: number | undefined): number {
  return toMicros(readStat(pid)?.ticks)
}

/** Of a process and of all that it has started, also of those that are no more. */
export function cpuMicrosOfFamily(pid: number): number {
  const children = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => readStat(Number(name)) ?? [])
    .filter(({ parent }) => parent === pid)
  const own = readStat(pid)
  const living = children.reduce((sum, { ticks, endedTicks }) => sum + ticks + endedTicks, 0)
  return toMicros((own?.ticks ?? 0) + (own?.endedTicks ?? 0) + living)
}

function toMicros(ticks = 0): number {
  return (ticks * 1_000_000) / TICKS_PER_SECOND
}

// proc(5): the 4th field is the parent, from the 14th on stand utime, stime, cutime and cstime; the 2nd is a name in
// parentheses, which holds no more of these.
function readStat(pid: number | undefined): Stat | undefined {
  try {
    const [, text = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
    const fields = text.split(' ').map(Number)
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15)
    return { parent: fields[1] ?? 0, ticks: user + system, endedTicks: endedUser + endedSystem }
  } catch {
    // It has ended while we looked.
    return undefined
  }
}

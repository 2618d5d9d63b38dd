import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { countEndedChild } from '../system/child.ts'
import type { Contender } from './contender.ts'
import { H2LOAD } from './debian-tools.ts'
import { CONSTANT_FIELDS, PUSHES } from './pushes.ts'
import type { Throughput } from './saturate.ts'
import { originOf } from './target.ts'

// bash's `time` is wait4's rusage of the process, to the millisecond: user and kernel time in seconds.
const TIMED = 'TIMEFORMAT="%U %S"; time "$@"'
// What Node and OpenSSL agree upon, so that everybody encrypts with the same.
const CIPHER = 'TLS_AES_256_GCM_SHA384'
const [FIRST] = PUSHES
/** Pushes per stream with which a run has just begun: its process, connection and windows stand. */
const START = 2

/**
 * The C client, as the limit: it makes no promises and keeps nothing per push. It posts one body and the same field values
 * again and again, of the same lengths as everybody's. Each run is a process and connection of its own; so what a short one
 * took is deducted from what a long one did.
 */
export function createH2load(directory: string): Contender {
  const paths = join(directory, 'h2load-paths')
  const body = join(directory, 'h2load-body')
  writeFileSync(body, FIRST!.body)
  let options: string[] = []
  let start: Throughput = { pushes: 0, seconds: 0, cpuMicros: 0 }
  /** By number of streams, pushes per second so far. */
  let best = new Map<number, number>()
  const push = async (streams: number, pushes: number) => {
    const measured = await run([...options, `-m${streams}`, `-n${pushes}`], pushes)
    best.set(streams, Math.max(best.get(streams) ?? 0, pushes / measured.seconds))
    return measured
  }
  return {
    name: 'h2load',
    async connect(target) {
      best = new Map()
      writeFileSync(paths, PUSHES.map(({ path }) => `${originOf(target)}${path}\n`).join(''))
      options = [`--data=${body}`, `--input-file=${paths}`, ...fields(target.jwt)]
    },
    async warmUp({ streams }) {
      start = await push(streams, START * streams)
    },
    // It can end after a time, too, but then cuts off what is under way: with long round trips, a large part.
    async saturate({ streams, ms }) {
      const perStream = Math.max(1, Math.round(((best.get(streams) ?? 0) * ms) / 1000 / streams))
      const whole = await push(streams, (START + perStream) * streams)
      // Too little to tell them apart.
      if (whole.seconds <= start.seconds) return whole
      return {
        pushes: whole.pushes - start.pushes,
        seconds: whole.seconds - start.seconds,
        cpuMicros: Math.max(0, whole.cpuMicros - start.cpuMicros),
      }
    },
    disconnect: async () => {},
    stop: async () => {},
  }
}

function fields(jwt: string): string[] {
  const all = { authorization: `bearer ${jwt}`, ...CONSTANT_FIELDS, ...FIRST!.unique }
  return Object.entries(all).map(([name, value]) => `--header=${name}: ${value}`)
}

async function run(args: readonly string[], pushes: number): Promise<Throughput> {
  const h2load = [H2LOAD, '--clients=1', `--tls13-ciphers=${CIPHER}`, ...args]
  // Detached, so that it leads a group and does not leave h2load behind when it is killed.
  const child = spawn('bash', ['-c', TIMED, 'bash', ...h2load], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const kill = () => process.kill(-child.pid!, 'SIGKILL')
  process.once('exit', kill)
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  process.off('exit', kill)
  const [, accepted] = /^status codes: (\d+) 2xx/m.exec(output) ?? []
  const [, perSecond] = /^finished in \S+, ([\d.]+) req\/s/m.exec(output) ?? []
  const [user, system] = errors.trim().split('\n').at(-1)!.split(' ').map(Number)
  if (Number(accepted) !== pushes) throw new Error(`h2load got ${accepted} of ${pushes} accepted: ${errors}`)
  const cpuMicros = (user! + system!) * 1_000_000
  countEndedChild(cpuMicros)
  return { pushes, seconds: pushes / Number(perSecond), cpuMicros }
}

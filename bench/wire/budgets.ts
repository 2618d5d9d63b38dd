import { number } from '../markdown.ts'
import { median } from './median.ts'
import type { Throughput } from './saturate.ts'
import type { ThroughputRow } from './throughput.ts'

/** At least so much of what the C client does, and so many times less CPU than the usual library. */
const LEAST_OF_H2LOAD = 0.8
const LEAST_TIMES_APN = 10

const STREAMS = 1000

/** What the engine must hold against the same server, by medians; each worst round beside it. Reported, never judged. */
export function budgets(rows: readonly ThroughputRow[]): string {
  const row = rows.find(({ roundTripMs, streams }) => roundTripMs === 0 && streams === STREAMS)
  if (row === undefined) return ''
  const [engine, h2load, apn] = ['push-relay', 'h2load', 'apn'].map(name => row.rounds[name] ?? [])
  const rate = compare(engine!, h2load!, perSecond)
  const cpu = compare(apn!, engine!, cpuPerPush)
  return [
    `Budgets, at nghttpd with ${STREAMS} streams and no round trip:`,
    `- ${percent(rate.median)} of h2load's rate, ${percent(rate.worst)} in the worst round; ${percent(LEAST_OF_H2LOAD)} is asked for`,
    `- apn takes ${number(cpu.median)} times the CPU per push, ${number(cpu.worst)} in the worst round; ${LEAST_TIMES_APN} is asked for`,
  ].join('\n')
}

type Measure = (measured: Throughput) => number

const perSecond: Measure = ({ pushes, seconds }) => pushes / seconds
const cpuPerPush: Measure = ({ cpuMicros, pushes }) => cpuMicros / pushes

/** The medians are divided, as a reader of the table would; rounds are, each with its own minute. */
function compare(upper: readonly Throughput[], lower: readonly Throughput[], measure: Measure) {
  const inRounds = upper.map((measured, round) => measure(measured) / measure(lower[round]!))
  return {
    median: median(upper.map(measure)) / median(lower.map(measure)),
    worst: Math.min(...inRounds),
  }
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

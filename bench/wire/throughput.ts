import type { Contender } from './contender.ts'
import { median } from './median.ts'
import type { Throughput } from './saturate.ts'
import { roundsOf, type WireScale } from './scale.ts'

/** What everybody managed with so many streams; by name, one entry per round. */
export interface ThroughputRow {
  roundTripMs: number
  streams: number
  rounds: Readonly<Record<string, readonly Throughput[]>>
}

/** All contenders are connected. Rounds are interleaved, every other one backwards, so that a noisy minute is everybody's. */
export async function measureThroughput(
  contenders: readonly Contender[],
  roundTripMs: number,
  scale: WireScale,
): Promise<ThroughputRow[]> {
  const rows = scale.streams.map(streams => ({
    roundTripMs,
    streams,
    rounds: Object.fromEntries(contenders.map(({ name }) => [name, [] as Throughput[]])),
  }))
  for (let round = 0; round < roundsOf(scale, roundTripMs); round++) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed()
    for (const { streams, rounds } of rows) {
      for (const contender of order) {
        await contender.warmUp({ streams, ms: scale.warmUpMs })
        rounds[contender.name]!.push(await contender.saturate({ streams, ms: scale.measureMs }))
      }
    }
  }
  return rows
}

export function perSecond({ rounds }: ThroughputRow, name: string): number {
  return median((rounds[name] ?? []).map(({ pushes, seconds }) => pushes / seconds))
}

/** Fewer tell about timers and the start of a process, not about pushes. */
const FEWEST_FOR_CPU = 1000

/** Microseconds; undefined when no round had pushes enough. */
export function cpuPerPush({ rounds }: ThroughputRow, name: string): number | undefined {
  const enough = (rounds[name] ?? []).filter(({ pushes }) => pushes >= FEWEST_FOR_CPU)
  return enough.length === 0 ? undefined : median(enough.map(({ cpuMicros, pushes }) => cpuMicros / pushes))
}

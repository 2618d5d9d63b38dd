import type { PacedContender } from './contender.ts'
import { median } from './median.ts'
import type { PacedLatencies } from './pace.ts'
import { roundsOf, type WireScale } from './scale.ts'

export interface LatencyRow {
  roundTripMs: number
  /** By name; the same for all, but in the row of a share of their own most. */
  perSecond: Readonly<Record<string, number>>
  rounds: Readonly<Record<string, readonly PacedLatencies[]>>
}

/** As many as Apple allows, and so no limit at these rates. */
const STREAMS = 1000
const OWN_SHARE = 0.25

export interface LatencyOptions {
  roundTripMs: number
  /** Pushes per second that a client manages over this round trip, at most. */
  most: (name: string) => number
  scale: WireScale
}

/** All contenders are connected; in turn as with throughput. */
export async function measureLatency(
  contenders: readonly PacedContender[],
  { roundTripMs, most, scale }: LatencyOptions,
): Promise<LatencyRow[]> {
  const names = contenders.map(({ name }) => name)
  const rates = [
    ...scale.pushesPerSecond.map(rate => Object.fromEntries(names.map(name => [name, rate]))),
    Object.fromEntries(names.map(name => [name, most(name) * OWN_SHARE])),
  ]
  const rows = rates.map(rate => ({
    roundTripMs,
    perSecond: rate,
    rounds: Object.fromEntries(names.map(name => [name, [] as PacedLatencies[]])),
  }))
  for (let round = 0; round < roundsOf(scale, roundTripMs); round++) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed()
    for (const { perSecond, rounds } of rows) {
      for (const contender of order) {
        const rate = { perSecond: perSecond[contender.name]!, ms: scale.paceMs, streams: STREAMS }
        rounds[contender.name]!.push(await contender.pace(rate))
      }
    }
  }
  return rows
}

export function latencyOf({ rounds }: LatencyRow, name: string, percentile: keyof PacedLatencies): number {
  return median((rounds[name] ?? []).map(latencies => latencies[percentile]))
}

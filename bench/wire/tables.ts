import { milliseconds, number, table } from '../markdown.ts'
import { type LatencyRow, latencyOf } from './latency.ts'
import { cpuPerPush, perSecond, type ThroughputRow } from './throughput.ts'

export function throughputTable(rows: readonly ThroughputRow[], names: readonly string[]): string {
  const head = ['round trip ms', 'streams', ...names.flatMap(name => [`${name}: pushes/s`, 'CPU µs'])]
  const cells = rows.map(row => [
    String(row.roundTripMs),
    String(row.streams),
    ...names.flatMap(name => [number(perSecond(row, name)), cpu(row, name)]),
  ])
  return table(head, cells)
}

function cpu(row: ThroughputRow, name: string): string {
  const micros = cpuPerPush(row, name)
  return micros === undefined ? '' : number(micros)
}

export function latencyTable(rows: readonly LatencyRow[], names: readonly string[]): string {
  const head = ['round trip ms', 'pushes/s', ...names.flatMap(name => [`${name}: p50 ms`, 'p99 ms'])]
  const cells = rows.map(row => [
    String(row.roundTripMs),
    rates(row, names),
    ...names.flatMap(name => [
      milliseconds(latencyOf(row, name, 'p50')),
      milliseconds(latencyOf(row, name, 'p99')),
    ]),
  ])
  return table(head, cells)
}

function rates(row: LatencyRow, names: readonly string[]): string {
  const all = names.map(name => number(row.perSecond[name] ?? Number.NaN))
  const [first = ''] = all
  return all.every(rate => rate === first) ? first : `¼ of own most: ${all.join(', ')}`
}

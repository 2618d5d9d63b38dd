import { type Half, type IsolationRig, withIsolationRig } from '../isolation/rig.ts'
import type { Trouble } from '../isolation/stands.ts'
import { Latencies } from '../load/latencies.ts'
import { milliseconds, number, table } from '../markdown.ts'
import { median } from '../wire/median.ts'
import type { Section } from './section.ts'

const KINDS = ['refuses', 'hangs', 'is slow'] as const

/** Both halves of one run: the same load, once with all well and once with one in trouble. */
interface Run {
  well: Half
  troubled: Half
}

export const isolation: Section = async ({ scale, directory }) => {
  const { runs, victims, ...load } = scale.isolation
  const troubles: (Trouble | undefined)[] = [
    undefined,
    ...victims.flatMap(name => KINDS.map(kind => ({ name, kind }))),
  ]
  return withIsolationRig(directory, load, async rig => {
    await rig.half()
    const measured: [Trouble | undefined, Run[]][] = []
    for (const trouble of troubles) measured.push([trouble, await measure(rig, trouble, runs)])
    const all = measured.flatMap(([, trouble]) => trouble)
    return [
      '## Isolation',
      explanation(load.messagesPerSecond, rig.providers.length, runs),
      table(
        ['all of them well', 'p50 ms', 'p99 ms'],
        rig.providers.map(name => wellRow(name, all)),
      ),
      table(
        ['p99 as a ratio', ...rig.providers, 'CPU %, all well', 'CPU % then'],
        measured.map(([trouble, its]) => troubleRow(trouble, its, rig.providers)),
      ),
    ].join('\n\n')
  })
}

function explanation(messagesPerSecond: number, providers: number, runs: number): string {
  return `From when a message was due to be posted until its push arrived: ${number(messagesPerSecond)} messages a second, each to one device of each of
${providers} providers, whose simulators share a process. One of them refuses connections, takes requests without ever answering, or answers
after a second. The ratio is its p99 over that with all well, in two halves of one run at the same rate; the median of ${runs} such runs, every
other one the other way round. All share the machine's cores: a provider that does nothing leaves more to the others. The line of nobody shows
what chance makes of two equal halves. CPU is the relay's, of one core.`
}

async function measure(rig: IsolationRig, trouble: Trouble | undefined, runs: number): Promise<Run[]> {
  const measured: Run[] = []
  for (let run = 0; run < runs; run++) {
    const isTroubledFirst = run % 2 === 1
    const first = await rig.half(isTroubledFirst ? trouble : undefined)
    const second = await rig.half(isTroubledFirst ? undefined : trouble)
    measured.push(isTroubledFirst ? { well: second, troubled: first } : { well: first, troubled: second })
  }
  return measured
}

function wellRow(name: string, runs: readonly Run[]): string[] {
  const percentile = (share: number) => median(runs.map(({ well }) => percentileOf(well, name, share)))
  return [name, milliseconds(percentile(0.5)), milliseconds(percentile(0.99))]
}

function troubleRow(
  trouble: Trouble | undefined,
  runs: readonly Run[],
  providers: readonly string[],
): string[] {
  const ratios = providers.map(provider =>
    provider === trouble?.name
      ? ''
      : median(
          runs.map(
            ({ well, troubled }) =>
              percentileOf(troubled, provider, 0.99) / percentileOf(well, provider, 0.99),
          ),
        ).toFixed(2),
  )
  const cpu = (half: 'well' | 'troubled') => number(median(runs.map(run => run[half].cpu)) * 100)
  const what = trouble ? `${trouble.name} ${trouble.kind}` : 'nobody has any'
  return [what, ...ratios, cpu('well'), cpu('troubled')]
}

function percentileOf({ latencies }: Half, provider: string, share: number): number {
  const all = new Latencies()
  for (const latency of latencies[provider] ?? []) all.add(latency)
  return all.percentile(share)
}

import { closedLoop } from '../load/closed-loop.ts'
import { number, table } from '../markdown.ts'
import type { MeasureCall } from '../parts/part-process.ts'
import type { PartName } from '../parts/parts.ts'
import { Child } from '../system/child.ts'
import { startSimulator } from '../system/simulator.ts'
import { withSystem } from '../system/system.ts'
import { withDirectory } from '../system/temporary-directory.ts'
import type { Section, SectionContext } from './section.ts'

const EXPLANATION = `Microseconds of CPU per message with one phone, user and kernel time of all threads. Each part runs alone in a process of its
own, the whole relay as operators run it. What the parts leave over is the HTTP server, TLS handshakes, small batches, garbage.`

const PARTS = {
  readJson: 'read a message (JSON): parse, check, intake',
  readForm: 'read a message (form of mod_offline_post)',
  store: 'store: accept and settle, batches of 200',
  dispatch: 'dispatch: notification, attempt, settlement',
  payload: 'encode the payload',
  wire: 'the wire: HTTP/2 and TLS',
  telemetry: 'log and metrics',
} as const satisfies Record<PartName, string>

const LOADS = [
  { connections: 64, perPost: 1, name: 'the whole relay, single posts' },
  { connections: 4, perPost: 100, name: 'the whole relay, arrays of 100' },
]

export const cpu: Section = async context => {
  const parts = await measureParts(context)
  const whole = await measureRelay(context)
  const sum = parts.dispatch + parts.payload + parts.wire
  const rows = [
    ...Object.entries(PARTS).map(([name, title]) => [title, number(parts[name as PartName])]),
    ['dispatch, payload and wire together', number(sum)],
    ...whole,
  ]
  return `## CPU\n\n${EXPLANATION}\n\n${table(['', 'µs per message'], rows)}`
}

function measureParts({ scale, directory }: SectionContext): Promise<Record<PartName, number>> {
  return withDirectory(directory, async own => {
    const simulator = await startSimulator(own)
    const measured: Partial<Record<PartName, number>> = {}
    try {
      for (const part of Object.keys(PARTS) as PartName[]) {
        const context = { directory: own, simulator: simulator.facts }
        measured[part] = await measurePart({ part, context, messages: scale.partMessages })
      }
    } finally {
      await simulator.stop()
    }
    return measured as Record<PartName, number>
  })
}

async function measurePart(call: MeasureCall): Promise<number> {
  const script = new URL('../parts/part-process.ts', import.meta.url)
  const child = new Child({ script, cwd: call.context.directory })
  try {
    return await child.call<number>('measure', call)
  } finally {
    await child.stop()
  }
}

function measureRelay({ scale, directory }: SectionContext): Promise<string[][]> {
  return withSystem(directory, async system => {
    const rows: string[][] = []
    for (const { connections: count, perPost, name } of LOADS) {
      const connections = await system.connect(count)
      await closedLoop(connections, system.posts(scale.partMessages / 2, perPost))
      await system.delivered()
      const before = await system.usage()
      const { messages } = await closedLoop(connections, system.posts(scale.partMessages, perPost))
      await system.delivered()
      const after = await system.usage()
      rows.push([name, number((after.cpuMicros - before.cpuMicros) / messages)])
    }
    return rows
  })
}

import { closedLoop } from '../load/closed-loop.ts'
import { number, table } from '../markdown.ts'
import { type System, withSystem } from '../system/system.ts'
import type { Section } from './section.ts'

const LOADS = [
  { connections: 64, perPost: 1 },
  { connections: 4, perPost: 100 },
]

const EXPLANATION = `From the first post to the last push received by the APNs simulator, a process of its own. Lost or repeated pushes fail
the bench.`

export const endToEnd: Section = async ({ scale, directory }) => {
  const rows = await withSystem(directory, async system => {
    const measured: string[][] = []
    for (const load of LOADS) measured.push(await measure(system, load, scale.endToEndMessages))
    return measured
  })
  const head = ['', 'messages', 'accepted/s', 'pushes/s', 'lost', 'repeated']
  return `## End to end\n\n${EXPLANATION}\n\n${table(head, rows)}`
}

async function measure(
  system: System,
  { connections: count, perPost }: { connections: number; perPost: number },
  messages: number,
): Promise<string[]> {
  const connections = await system.connect(count)
  await closedLoop(connections, system.posts(messages / 4, perPost))
  await system.delivered()
  const startedAt = performance.now()
  const posted = await closedLoop(connections, system.posts(messages, perPost))
  await system.arrived()
  const seconds = (performance.now() - startedAt) / 1000
  await system.delivered()
  const what = perPost === 1 ? 'single posts' : `arrays of ${perPost}`
  return [
    `${what}, ${count} connections`,
    number(posted.messages),
    number(posted.messages / posted.seconds),
    number(posted.messages / seconds),
    '0',
    '0',
  ]
}

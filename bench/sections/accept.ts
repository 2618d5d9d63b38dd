import { closedLoop } from '../load/closed-loop.ts'
import type { HttpConnection } from '../load/http-connection.ts'
import { openLoop } from '../load/open-loop.ts'
import { milliseconds, number, table } from '../markdown.ts'
import type { Scale } from '../scale.ts'
import { type System, withSystem } from '../system/system.ts'
import type { Section } from './section.ts'

const LOADS = [
  { connections: 1, perPost: 1 },
  { connections: 16, perPost: 1 },
  { connections: 64, perPost: 1 },
  { connections: 1, perPost: 100 },
  { connections: 16, perPost: 100 },
]

const MOST = Math.max(...LOADS.map(({ connections }) => connections))

const EXPLANATION = `Post → 202, which means that the message is on disk. The relay pushes what it accepts at the same time. Each line is
measured twice: as fast as it goes, then at half of that rate, where time runs from when a post is due.`

export const accept: Section = async ({ scale, directory }) => {
  const rows = await withSystem(directory, async system => {
    const connections = await system.connect(MOST)
    await closedLoop(connections, system.posts(scale.acceptMessages, 1), scale.acceptMs / 2)
    await system.delivered()
    const measured: string[][] = []
    for (const load of LOADS) {
      measured.push(await measure(system, connections.slice(0, load.connections), load.perPost, scale))
    }
    return measured
  })
  const head = ['', 'accepted/s', 'p50 ms', 'p99 ms', 'p50 at half load', 'p99 at half load']
  return `## Accepting\n\n${EXPLANATION}\n\n${table(head, rows)}`
}

async function measure(
  system: System,
  connections: readonly HttpConnection[],
  perPost: number,
  { acceptMessages, acceptMs }: Scale,
): Promise<string[]> {
  const most = await closedLoop(connections, system.posts(acceptMessages, perPost), acceptMs)
  await system.delivered()
  const perSecond = most.messages / most.seconds
  const half = await openLoop(connections, system.posts(acceptMessages, perPost), {
    postsPerSecond: perSecond / perPost / 2,
    maxMs: acceptMs,
  })
  await system.delivered()
  const what = perPost === 1 ? 'single posts' : `arrays of ${perPost}`
  return [
    `${what}, ${connections.length} ${connections.length === 1 ? 'connection' : 'connections'}`,
    number(perSecond),
    ...[most, half].flatMap(({ latencies }) => [
      milliseconds(latencies.percentile(0.5)),
      milliseconds(latencies.percentile(0.99)),
    ]),
  ]
}

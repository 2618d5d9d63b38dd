import { closedLoop } from '../load/closed-loop.ts'
import { mebibytes, number, table } from '../markdown.ts'
import { withSystem } from '../system/system.ts'
import type { Section } from './section.ts'

const STEPS = 4
const SAMPLE_MS = 1000
const CONNECTIONS = 16

const EXPLANATION = `Resident memory of the relay process, all of its threads included, while messages are posted as fast as they are accepted. It
grows until its bounded parts are full: recent messages that duplicates are compared with (200,000), the database's page cache (64 MiB).`

export const memory: Section = async ({ scale, directory }) => {
  const { memoryMessages: total } = scale
  const lines = await withSystem(directory, async system => {
    const start = await system.usage()
    const connections = await system.connect(CONNECTIONS)
    const rows = [['0', mebibytes(start.rssBytes), '']]
    for (let step = 1; step <= STEPS; step++) {
      const highest = watchRss(async () => (await system.usage()).rssBytes)
      await closedLoop(connections, system.posts(total / STEPS, 1))
      await system.delivered()
      const { rssBytes } = await system.usage()
      rows.push([number((step * total) / STEPS), mebibytes(rssBytes), mebibytes(await highest.stop())])
    }
    const { peakRssBytes } = await system.usage()
    return [
      table(['messages so far', 'MiB', 'highest on the way, MiB'], rows),
      `Peak: ${mebibytes(peakRssBytes)} MiB`,
    ]
  })
  return `## Memory\n\n${EXPLANATION}\n\n${lines.join('\n\n')}`
}

/** The highest of samples taken once a second until it is stopped. */
function watchRss(sample: () => Promise<number>): { stop(): Promise<number> } {
  let highest = 0
  const look = async () => {
    highest = Math.max(highest, await sample())
  }
  const timer = setInterval(() => void look().catch(() => clearInterval(timer)), SAMPLE_MS)
  return {
    async stop() {
      clearInterval(timer)
      await look()
      return highest
    },
  }
}

import { closedLoop } from '../load/closed-loop.ts'
import { mebibytes, number, table } from '../markdown.ts'
import { type System, withSystem } from '../system/system.ts'
import type { Section } from './section.ts'

const STEPS = 4
const SAMPLE_MS = 1000
const CONNECTIONS = 16

const EXPLANATION = `Resident memory of the relay process, all of its threads included, while messages are posted as fast as they are accepted. It
grows until its bounded parts are full: recent messages that duplicates are compared with (200,000), the database's page cache (64 MiB).
Then an outage: messages are posted while APNs cannot be reached, wait on disk, and are delivered when it is back.`

export const memory: Section = async ({ scale, directory }) => {
  const { memoryMessages: total } = scale
  const lines = await withSystem(directory, async system => {
    const start = await system.usage()
    const connections = await system.connect(CONNECTIONS)
    const rows = [['0', mebibytes(start.rssBytes), '']]
    const part = total / STEPS
    const post = async () => void (await closedLoop(connections, system.posts(part, 1)))
    for (let step = 1; step <= STEPS; step++) {
      rows.push(
        await measure(system, number(step * part), async () => {
          await post()
          await system.delivered()
        }),
      )
    }
    await system.duringOutage(async () => {
      rows.push(await measure(system, `${number(part)} more, which wait`, post))
    })
    rows.push(await measure(system, 'the same, delivered', () => system.delivered()))
    const { peakRssBytes } = await system.usage()
    return [
      table(['messages so far', 'MiB', 'highest on the way, MiB'], rows),
      `Peak: ${mebibytes(peakRssBytes)} MiB`,
    ]
  })
  return `## Memory\n\n${EXPLANATION}\n\n${lines.join('\n\n')}`
}

/** A row: what is resident after `use`, and the most on the way. */
async function measure(system: System, what: string, use: () => Promise<void>): Promise<string[]> {
  const highest = watchRss(async () => (await system.usage()).rssBytes)
  await use()
  const { rssBytes } = await system.usage()
  return [what, mebibytes(rssBytes), mebibytes(await highest.stop())]
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

import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine, QUICK_NOTE } from '../machine.ts'
import { number } from '../markdown.ts'
import { watchOthers } from '../others.ts'
import { apnsEnvironment } from '../system/relay.ts'
import { startSimulator } from '../system/simulator.ts'
import { withDirectory } from '../system/temporary-directory.ts'
import { readExemplars } from './exemplars.ts'
import { type FileFigures, measureFile } from './measure.ts'
import { describeRows, nameOf, tableOf } from './report.ts'
import { FULL, type LimitsScale, QUICK } from './scale.ts'

const HELP = `npm run bench:limits -- [options]

  --directory=<path>   where the databases are made and removed; default ${tmpdir()}
  --quick              small numbers, to see that it works
`

const USAGE_ERROR = 2

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
process.exitCode = await run()

async function run(): Promise<number> {
  const chosen = readOptions()
  if (typeof chosen === 'string') {
    console.error(chosen)
    return USAGE_ERROR
  }
  const { directory, scale } = chosen
  console.log(`${await describeMachine(directory)}\n`)
  if (scale === QUICK) console.log(`${QUICK_NOTE}\n`)
  const shareOfOthers = watchOthers()
  try {
    const files = await measureAll(directory, scale)
    console.log(`## Limits\n\n${explanation(scale)}\n\n${tableOf(files)}\n\n${describeRows(files)}\n`)
    return 0
  } catch (error) {
    console.error(`FAILED: ${error instanceof Error ? error.message : String(error)}`)
    return 1
  } finally {
    console.log(`Meanwhile other processes had ${Math.round(shareOfOthers() * 100)} % of the machine.`)
  }
}

function measureAll(parent: string, scale: LimitsScale): Promise<FileFigures[]> {
  return withDirectory(parent, async directory => {
    const simulator = await startSimulator(directory)
    const providers = apnsEnvironment(simulator.facts)
    // Nobody answers there any more.
    await simulator.stop()
    const exemplars = await readExemplars(directory, providers)
    const files: FileFigures[] = []
    for (const size of scale.files) {
      files.push(await measureFile(directory, size, { scale, exemplars, providers }))
      console.error(`measured: ${nameOf(size)}`)
    }
    return files
  })
}

function explanation({ lookups, messages, newcomers }: LimitsScale): string {
  return `A SQLite file of each size, filled with copies of rows that a relay has written, in random order: a recipient and a token of 64 digits
for each registration; of the pending messages half are unbegun, the other half wait for their provider. First a relay is started on
it, whose provider cannot be reached: ${number(lookups)} lookups and as many single posts, one after the other, then ${number(messages)} messages in arrays,
all for random recipients. With pending messages it has begun to work on these meanwhile. Then the store alone, opened as the relay opens it: ${number(newcomers)}
new recipients register, the same numbers of lookups and messages, and each step that the relay takes now and then. Medians; behind each
column its ratio to the first, where the recipients are those who registered meanwhile. The file was just written, so it is in the system's memory as far as there is room.`
}

/** What to run, or what is wrong with what was asked for. */
function readOptions(): { scale: LimitsScale; directory: string } | string {
  try {
    const { values } = parseArgs({ options: { directory: { type: 'string' }, quick: { type: 'boolean' } } })
    return { scale: values.quick ? QUICK : FULL, directory: resolve(values.directory ?? tmpdir()) }
  } catch {
    // parseArgs refuses options that it was not told about.
    return HELP
  }
}

import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { describeProcessor, QUICK_NOTE } from '../machine.ts'
import { watchOthers } from '../others.ts'
import { compare } from './compare.ts'
import { missingTools } from './debian-tools.ts'
import { FULL, QUICK, type WireScale } from './scale.ts'

const HELP = `npm run bench:wire -- [options]

  --directory=<path>   where a few temporary files are made and removed; default ${tmpdir()}
  --quick              small numbers, to see that it works
`

const USAGE_ERROR = 2

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
process.exitCode = await run()

async function run(): Promise<number> {
  const chosen = readOptions()
  const refusal = typeof chosen === 'string' ? chosen : missingTools()
  if (typeof chosen === 'string' || refusal !== undefined) {
    console.error(refusal)
    return USAGE_ERROR
  }
  console.log(`${describeProcessor()}\n`)
  if (chosen.scale === QUICK) console.log(`${QUICK_NOTE}\n`)
  const shareOfOthers = watchOthers()
  try {
    await compare(chosen.directory, chosen.scale, section => console.log(`${section}\n`))
    return 0
  } catch (error) {
    console.error(`FAILED: ${error instanceof Error ? error.message : String(error)}`)
    return 1
  } finally {
    console.log(`Meanwhile other processes had ${Math.round(shareOfOthers() * 100)} % of the machine.`)
  }
}

/** What to run, or what is wrong with what was asked for. */
function readOptions(): { scale: WireScale; directory: string } | string {
  try {
    const { values } = parseArgs({ options: { directory: { type: 'string' }, quick: { type: 'boolean' } } })
    return { scale: values.quick ? QUICK : FULL, directory: resolve(values.directory ?? tmpdir()) }
  } catch {
    // parseArgs refuses options that it was not told about.
    return HELP
  }
}

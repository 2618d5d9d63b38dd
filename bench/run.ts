import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine, QUICK_NOTE } from './machine.ts'
import { watchOthers } from './others.ts'
import { FULL, QUICK } from './scale.ts'
import { accept } from './sections/accept.ts'
import { cpu } from './sections/cpu.ts'
import { endToEnd } from './sections/end-to-end.ts'
import { isolation } from './sections/isolation.ts'
import { memory } from './sections/memory.ts'
import type { Section, SectionContext } from './sections/section.ts'

const SECTIONS: Record<string, Section> = { accept, 'end-to-end': endToEnd, cpu, isolation, memory }

const HELP = `npm run bench -- [options]

  --only=<section>     ${Object.keys(SECTIONS).join(', ')}; may be repeated
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
  console.log(`${await describeMachine(chosen.context.directory)}\n`)
  if (chosen.context.scale === QUICK) console.log(`${QUICK_NOTE}\n`)
  const shareOfOthers = watchOthers()
  let exitCode = 0
  for (const section of chosen.sections) {
    try {
      console.log(`${await section(chosen.context)}\n`)
    } catch (error) {
      console.error(`FAILED: ${error instanceof Error ? error.message : String(error)}`)
      exitCode = 1
    }
  }
  console.log(`Meanwhile other processes had ${Math.round(shareOfOthers() * 100)} % of the machine.`)
  return exitCode
}

/** What to run, or what is wrong with what was asked for. */
function readOptions(): { sections: Section[]; context: SectionContext } | string {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', multiple: true },
        directory: { type: 'string' },
        quick: { type: 'boolean' },
      },
    })
    const names = values.only ?? Object.keys(SECTIONS)
    const sections = names.map(name => (Object.hasOwn(SECTIONS, name) ? SECTIONS[name] : undefined))
    if (sections.includes(undefined)) return HELP
    return {
      sections: sections as Section[],
      context: { scale: values.quick ? QUICK : FULL, directory: resolve(values.directory ?? tmpdir()) },
    }
  } catch {
    // parseArgs refuses options that it was not told about.
    return HELP
  }
}

import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { QUICK_NOTE } from './machine.ts'
import { watchOthers } from './others.ts'

export interface Work<Scale> {
  directory: string
  scale: Scale
  /** A part of the report, in Markdown. */
  print: (text: string) => void
}

export interface Command<Scale> {
  /** As `npm run` calls it. */
  script: string
  /** What is done in its directory, for whoever asks. */
  directoryUse: string
  full: Scale
  quick: Scale
  /** Why it cannot be measured here. */
  refusal?: string | undefined
  describeMachine(directory: string): string | Promise<string>
  /** Each of them throws when the relay did something wrong; being slow is no error. */
  sections: Readonly<Record<string, (work: Work<Scale>) => Promise<void>>>
}

const USAGE_ERROR = 2

/** The whole of a bench, from its arguments to its exit code. */
export async function runCommand<Scale>(command: Command<Scale>): Promise<number> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  const chosen = readOptions(command)
  const refusal = chosen === undefined ? helpOf(command) : command.refusal
  if (chosen === undefined || refusal !== undefined) {
    console.error(refusal)
    return USAGE_ERROR
  }
  return measure(command, chosen)
}

interface Chosen<Scale> {
  names: readonly string[]
  directory: string
  scale: Scale
}

async function measure<Scale>(command: Command<Scale>, chosen: Chosen<Scale>): Promise<number> {
  const { names, directory, scale } = chosen
  const print = (text: string) => console.log(`${text}\n`)
  print(await command.describeMachine(directory))
  if (scale === command.quick) print(QUICK_NOTE)
  const shareOfOthers = watchOthers()
  let exitCode = 0
  for (const name of names) {
    try {
      await command.sections[name]?.({ directory, scale, print })
    } catch (error) {
      console.error(`FAILED: ${error instanceof Error ? error.message : String(error)}`)
      exitCode = 1
    }
  }
  console.log(`Meanwhile other processes had ${Math.round(shareOfOthers() * 100)} % of the machine.`)
  return exitCode
}

/** What to run; undefined when what was asked for is wrong. */
function readOptions<Scale>({ sections, full, quick }: Command<Scale>): Chosen<Scale> | undefined {
  const all = Object.keys(sections)
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', multiple: true },
        directory: { type: 'string' },
        quick: { type: 'boolean' },
      },
    })
    const names = values.only ?? all
    const isKnown = names.every(name => all.includes(name))
    if (!isKnown || (values.only && all.length === 1)) return undefined
    return { names, directory: resolve(values.directory ?? tmpdir()), scale: values.quick ? quick : full }
  } catch {
    // parseArgs refuses options that it was not told about.
    return undefined
  }
}

function helpOf<Scale>({ script, directoryUse, sections }: Command<Scale>): string {
  const all = Object.keys(sections)
  const only = all.length > 1 ? `  --only=<section>     ${all.join(', ')}; may be repeated\n` : ''
  return `npm run ${script} -- [options]

${only}  --directory=<path>   ${directoryUse}; default ${tmpdir()}
  --quick              small numbers, to see that it works
`
}

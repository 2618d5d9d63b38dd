import { runCommand, type Work } from './command.ts'
import { describeMachine } from './machine.ts'
import { FULL, QUICK, type Scale } from './scale.ts'
import { accept } from './sections/accept.ts'
import { cpu } from './sections/cpu.ts'
import { endToEnd } from './sections/end-to-end.ts'
import { isolation } from './sections/isolation.ts'
import { memory } from './sections/memory.ts'
import type { Section } from './sections/section.ts'

process.exitCode = await runCommand({
  script: 'bench',
  directoryUse: 'where the databases are made and removed',
  full: FULL,
  quick: QUICK,
  describeMachine,
  sections: {
    accept: printed(accept),
    'end-to-end': printed(endToEnd),
    cpu: printed(cpu),
    isolation: printed(isolation),
    memory: printed(memory),
  },
})

function printed(section: Section) {
  return async ({ print, ...context }: Work<Scale>) => print(await section(context))
}

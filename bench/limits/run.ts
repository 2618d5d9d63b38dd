import { runCommand } from '../command.ts'
import { describeMachine } from '../machine.ts'
import { number } from '../markdown.ts'
import { apnsEnvironment } from '../system/relay.ts'
import { startSimulator } from '../system/simulator.ts'
import { withDirectory } from '../system/temporary-directory.ts'
import { readExemplars } from './exemplars.ts'
import { type FileFigures, measureFile } from './measure.ts'
import { describeRows, nameOf, tableOf } from './report.ts'
import { FULL, type LimitsScale, QUICK } from './scale.ts'

process.exitCode = await runCommand({
  script: 'bench:limits',
  directoryUse: 'where the databases are made and removed',
  full: FULL,
  quick: QUICK,
  describeMachine,
  sections: {
    limits: async ({ directory, scale, print }) => {
      const files = await measureAll(directory, scale)
      print(`## Limits\n\n${explanation(scale)}\n\n${tableOf(files)}\n\n${describeRows(files)}`)
    },
  },
})

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

import { runCommand } from '../command.ts'
import { describeProcessor } from '../machine.ts'
import { compare } from './compare.ts'
import { missingTools } from './debian-tools.ts'
import { FULL, QUICK } from './scale.ts'

process.exitCode = await runCommand({
  script: 'bench:wire',
  directoryUse: 'where a few temporary files are made and removed',
  full: FULL,
  quick: QUICK,
  refusal: missingTools(),
  describeMachine: describeProcessor,
  sections: { wire: ({ directory, scale, print }) => compare(directory, scale, print) },
})

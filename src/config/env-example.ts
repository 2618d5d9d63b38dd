import { VARIABLES, type Variable } from './variables.ts'

const HEADER = `# Configuration of push-relay. Copy to .env and fill in; the real environment wins over this file.
# An empty variable counts as not set. Check with: npx push-relay check-config
`

/** The text of .env.example; a test keeps the committed file equal to it. */
export function envExample(): string {
  return [HEADER, ...Object.values(VARIABLES).map(example)].join('\n')
}

function example(variable: Variable<unknown>): string {
  return `# ${variable.meaning}\n${variable.name}=${variable.default ?? ''}\n`
}

import { allVariables, type ConfigurableProvider } from './all-variables.ts'
import type { Variable } from './variable.ts'

const HEADER = `# Configuration of push-relay. Copy to .env and fill in; the real environment wins over this file.
# An empty variable counts as not set. Check with: npx push-relay check-config
`

/** The text of .env.example; a test keeps the committed file equal to it. */
export function envExample(providers: readonly ConfigurableProvider[]): string {
  return [HEADER, ...allVariables(providers).map(example)].join('\n')
}

function example(variable: Variable<unknown>): string {
  return `# ${variable.meaning}\n${variable.name}=${variable.default ?? ''}\n`
}

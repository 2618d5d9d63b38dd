import type { Reading } from './reading.ts'
import type { Variable, VariableTable } from './variable.ts'
import { VARIABLES } from './variables.ts'

/** What configuration needs of a provider's definition: config knows no provider by name. */
export interface ConfigurableProvider {
  readonly name: string
  readonly variables: VariableTable
  readConfig(reading: Reading<VariableTable>): unknown
  describeConfig(config: unknown): Readonly<Record<string, string>>
  isSimulated?(config: unknown): boolean
}

/** Everything that can be configured, in the order in which it is explained. A variable that is not here is an error. */
export function allVariables(providers: readonly ConfigurableProvider[]): Variable<unknown>[] {
  return [VARIABLES, ...providers.map(provider => provider.variables)].flatMap(table => Object.values(table))
}

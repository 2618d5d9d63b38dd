import { Problems } from '../../src/config/problems.ts'
import { Reading } from '../../src/config/reading.ts'
import type { ProviderDefinition, ProviderReport } from '../../src/providers/provider-definition.ts'

export interface RecordedReport extends ProviderReport {
  /** `<status> <reason>` each. */
  readonly unknown: string[]
  /** `<scope> <state>` each. */
  readonly connections: string[]
}

/** Keeps what a provider tells operators. */
export function recordReport(): RecordedReport {
  const unknown: string[] = []
  const connections: string[] = []
  return {
    unknown,
    connections,
    unknownReason: (status, reason) => void unknown.push(`${status} ${reason}`),
    connection: (scope, state) => void connections.push(`${scope} ${state}`),
  }
}

/** What a provider makes of these variables. */
export function readConfig(definition: ProviderDefinition, env: Readonly<Record<string, string>>) {
  const problems = new Problems()
  const sources = {
    readFile: (): Buffer => {
      throw new Error('no file is named')
    },
    now: () => Date.UTC(2026, 0, 15),
  }
  const config = definition.readConfig(new Reading(definition.variables, { env, sources, problems }))
  return { config, problems: problems.lines }
}

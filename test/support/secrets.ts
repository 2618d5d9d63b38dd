import type { SecretStore } from '../../src/providers/provider-definition.ts'

/** A store of secrets in memory; several providers may share what is kept, as nodes share a database. */
export function secretsIn(kept: Map<string, string> = new Map()): SecretStore {
  return {
    secret: async name => kept.get(name),
    replaceSecret: async (name, former, value) => {
      if (kept.get(name) !== former) return false
      kept.set(name, value)
      return true
    },
  }
}

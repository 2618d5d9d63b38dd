import type { TObject } from 'typebox'
import type { Reading } from '../config/reading.ts'
import type { VariableTable } from '../config/variable.ts'
import type { Clock } from '../domain/clock.ts'
import type { Provider } from './provider.ts'

/**
 * All that the relay must know of a provider: one folder exports it, providers.ts lists it, and everything else follows:
 * variables, check-config, the registration shape, API documentation, metrics, health. `V`: its variables; `C`: its
 * configuration, once it is checked.
 */
export interface ProviderDefinition<V extends VariableTable = VariableTable, C = unknown> {
  /** Also in the names of variables (`RELAY_<NAME>_*`), scopes (`<name>/…`) and metric labels. */
  readonly name: string
  readonly variables: V
  /** What `PUT /v1/devices/{device}` carries beside `provider` and what all registrations have (app, name, preview, …). */
  readonly address: TObject
  /** Undefined when the provider is off, that is when nothing is said about it; or when something is wrong, which is reported. */
  readConfig(reading: Reading<V>): C | undefined
  /** What each variable came to, for check-config. Of a secret only its kind and a short hash. */
  describeConfig(config: C): { readonly [K in keyof V]: string }
  /** The relay itself is to start a simulator in its place. */
  isSimulated?(config: C): boolean
  create(config: C, parts: ProviderParts): Provider
}

/** Checks a definition against its own variables, then forgets them: the list holds definitions of any. */
export function defineProvider<const V extends VariableTable, C>(
  definition: ProviderDefinition<V, C>,
): ProviderDefinition {
  return definition as unknown as ProviderDefinition
}

/** What a provider is given. */
export interface ProviderParts {
  secrets: SecretStore
  clock: Clock
  report: ProviderReport
}

/** Keeps values over restarts, as secret as a key, for all nodes that share a store. Rejects when the store cannot answer. */
export interface SecretStore {
  secret(name: string): Promise<string | undefined>
  /** False when it is not `former` (undefined: there is none): then another node was quicker, and nothing was changed. */
  replaceSecret(name: string, former: string | undefined, value: string): Promise<boolean>
}

/** What operators should hear of; app.ts turns it into events. */
export interface ProviderReport {
  /** The provider used a word that our table does not have. */
  unknownReason(status: number, reason: string): void
  /** Once per connection made, lost or refused; `reason` is a code, never an address. */
  connection(scope: string, state: 'connected' | 'closed' | 'failed', reason: string | undefined): void
}

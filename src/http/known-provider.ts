import type { TObject } from '@fastify/type-provider-typebox'
import type { RegistrationRules } from '../domain/registration.ts'

/** What HTTP must know of a provider; app.ts makes it of the definition. */
export interface KnownProvider {
  name: string
  /** What registrations carry for it, beside what all have. */
  address: TObject
  /** Undefined while it is off. */
  on: { rules: RegistrationRules; offer: ProviderOffer } | undefined
}

/** What anybody may know of a provider that is on. */
export interface ProviderOffer {
  apps: readonly string[]
  environments: readonly string[]
  vapidPublicKey?: string
}

export function rulesOf(providers: readonly KnownProvider[]): ReadonlyMap<string, RegistrationRules> {
  return new Map(providers.flatMap(({ name, on }) => (on ? [[name, on.rules] as const] : [])))
}

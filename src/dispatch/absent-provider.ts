import type { ProviderName } from '../domain/registration.ts'
import type { Provider } from '../providers/provider.ts'

/**
 * Stands in for a provider that registrations name but that is not configured now: their messages wait, and `/health`
 * says why. They go out once it is on again, or expire.
 */
export function createAbsentProvider(name: ProviderName): Provider {
  const scope = `${name}/not-configured`
  return {
    name,
    rules: {
      hasOneOwner: false,
      check: () => ({ ok: false, code: 'app', message: 'this provider is not configured' }),
    },
    offer: { apps: [''], environments: [] },
    remembersProof: false,
    scopesOf: () => [scope],
    // One finds out for all.
    capacity: () => 1,
    onCapacity: () => {},
    otherEnvironment: () => undefined,
    send: async () => ({ kind: 'blocked', scope, reason: 'provider-not-configured' }),
    health: () => ({ connection: 'idle', simulated: false }),
    close: async () => {},
  }
}

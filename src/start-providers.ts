import type { Config } from './config/config.ts'
import type { Clock } from './domain/clock.ts'
import type { ProviderName } from './domain/registration.ts'
import type { ApnsConfig } from './providers/apns/apns-config.ts'
import type { Provider } from './providers/provider.ts'
import type { ProviderReport, SecretStore } from './providers/provider-definition.ts'
import { PROVIDERS } from './providers/providers.ts'
import { startSimulator } from './start-simulator.ts'
import type { Events } from './telemetry/events.ts'

export interface ProviderSurroundings {
  secrets: SecretStore
  clock: Clock
  events: Events
  /** Called in reverse order. */
  closers: (() => Promise<void>)[]
}

/** Every provider that is configured, and the simulator where one of them wants it. */
export async function startProviders(
  config: Config,
  { secrets, clock, events, closers }: ProviderSurroundings,
): Promise<ReadonlyMap<ProviderName, Provider>> {
  const configs = new Map(config.providers)
  if (config.isSimulated) {
    const simulator = await startSimulator(configs.get('apns') as ApnsConfig, config)
    closers.push(() => simulator.close())
    configs.set('apns', simulator.apns)
  }
  const providers = new Map<ProviderName, Provider>()
  for (const definition of PROVIDERS) {
    const { name } = definition
    if (!configs.has(name)) continue
    const provider = definition.create(configs.get(name), { secrets, clock, report: reportOf(name, events) })
    closers.push(() => provider.close())
    providers.set(name, provider)
  }
  return providers
}

function reportOf(provider: ProviderName, events: Events): ProviderReport {
  return {
    unknownReason: (status, reason) => events.emit('provider.unknown-reason', { provider, status, reason }),
    connection: (scope, state, reason) =>
      events.emit('provider.connection', { provider, scope, state, reason }),
  }
}

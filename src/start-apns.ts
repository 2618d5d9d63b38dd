import type { ApnsConfig, Config } from './config/config.ts'
import {
  APPLE_ORIGINS,
  type ApnsProviderOptions,
  createApnsProvider,
} from './providers/apns/apns-provider.ts'
import type { Provider } from './providers/provider.ts'
import type { Events } from './telemetry/events.ts'

export interface StartedApns {
  provider: Provider
  close(): Promise<void>
}

export type ApnsParts = Pick<ApnsProviderOptions, 'secrets' | 'clock'> & { events: Events }

/** The APNs provider as configured; with `simulator` also the stand-in for Apple, in this process. */
export async function startApns(apns: ApnsConfig, config: Config, parts: ApnsParts): Promise<StartedApns> {
  if (apns.environment === 'simulator') return startSimulated(apns, config, parts)
  const { production, sandbox } = APPLE_ORIGINS
  const origins =
    apns.url === undefined ? { production, sandbox } : { production: apns.url, sandbox: apns.url }
  if (!apns.credentials) throw new Error('APNs credentials are missing')
  const provider = createApnsProvider({
    ...common(apns, parts),
    credentials: apns.credentials,
    origins,
    ca: apns.ca,
    simulated: false,
  })
  return { provider, close: () => provider.close() }
}

async function startSimulated(apns: ApnsConfig, config: Config, parts: ApnsParts): Promise<StartedApns> {
  // Loaded only when it stands in for Apple.
  const { startApnsSimulator } = await import('./simulator/apns/apns-simulator.ts')
  const { startControlServer } = await import('./simulator/apns/control-server.ts')
  const { generateApnsKey } = await import('./simulator/apns/apns-key.ts')
  const key = generateApnsKey()
  const simulator = await startApnsSimulator({ keys: [key], topics: apns.topics, environment: 'simulator' })
  const control = await startControlServer({
    simulator,
    host: '127.0.0.1',
    port: config.simulatorPort,
  }).catch(async error => {
    await simulator.close()
    throw error
  })
  const provider = createApnsProvider({
    ...common(apns, parts),
    credentials: { kind: 'token', ...key },
    origins: { simulator: simulator.url },
    ca: simulator.ca,
    simulated: true,
  })
  const close = async () => {
    await provider.close()
    await control.close()
    await simulator.close()
  }
  return { provider, close }
}

function common(apns: ApnsConfig, { secrets, clock, events }: ApnsParts) {
  return {
    topics: apns.topics,
    defaultEnvironment: apns.environment,
    secrets,
    clock,
    report: {
      unknownReason: (status: number, reason: string) =>
        events.emit('provider.unknown-reason', { provider: 'apns', status, reason }),
      connection: (scope: string, state: 'connected' | 'closed' | 'failed', reason: string | undefined) =>
        events.emit('provider.connection', { provider: 'apns', scope, state, reason }),
    },
  }
}

import type { Config } from './config/config.ts'
import type { ApnsConfig } from './providers/apns/apns-config.ts'

export interface StartedSimulator {
  /** The given one, with the simulator's address and a key made for it. */
  apns: ApnsConfig
  close(): Promise<void>
}

/** The stand-in for Apple, in this process, for trying the relay out (RELAY_APNS_ENVIRONMENT=simulator). */
export async function startSimulator(
  apns: ApnsConfig,
  { simulatorPort }: Pick<Config, 'simulatorPort'>,
): Promise<StartedSimulator> {
  // Loaded only when it stands in for Apple.
  const { startApnsSimulator } = await import('./simulator/apns/apns-simulator.ts')
  const { startControlServer } = await import('./simulator/control-server.ts')
  const { APNS_CONTROL } = await import('./simulator/apns/control-routes.ts')
  const { generateApnsKey } = await import('./simulator/apns/apns-key.ts')
  const key = generateApnsKey()
  const simulator = await startApnsSimulator({ keys: [key], topics: apns.topics, environment: 'simulator' })
  const control = await startControlServer({
    simulator,
    routes: APNS_CONTROL,
    host: '127.0.0.1',
    port: simulatorPort,
  }).catch(async error => {
    await simulator.close()
    throw error
  })
  return {
    apns: { ...apns, credentials: { kind: 'token', ...key }, url: simulator.url, ca: simulator.ca },
    async close() {
      await control.close()
      await simulator.close()
    },
  }
}

import type { TestContext } from 'node:test'
import { generateApnsKey } from '../../src/simulator/apns/apns-key.ts'
import {
  type ApnsSimulator,
  type ApnsSimulatorOptions,
  startApnsSimulator,
} from '../../src/simulator/apns/apns-simulator.ts'
import { createServerIdentity } from '../../src/simulator/certificate.ts'
import { type ApnsClient, connectApns, signJwt } from './apns-client.ts'

export const KEY = generateApnsKey()

const identity = createServerIdentity()

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

export interface Rig {
  simulator: ApnsSimulator
  jwt: string
  /** Connected with a good provider token. */
  client: ApnsClient
  /** Another connection, closed with the test. */
  connect(options?: { jwt?: string; cert?: string; key?: string }): ApnsClient
}

/** A simulator that trusts KEY, and a client; both are gone when the test ends. */
export async function startRig(t: TestContext, options: Partial<ApnsSimulatorOptions> = {}): Promise<Rig> {
  const simulator = await startApnsSimulator({ keys: [KEY], identity: await identity, ...options })
  const jwt = signJwt(KEY, Math.floor((options.clock?.now() ?? Date.now()) / 1000))
  const clients: ApnsClient[] = []
  t.after(async () => {
    for (const client of clients) client.close()
    await simulator.close()
  })
  const connect: Rig['connect'] = (credentials = { jwt }) => {
    const client = connectApns(simulator, credentials)
    clients.push(client)
    return client
  }
  return { simulator, jwt, client: connect(), connect }
}

/** The stream limit that the server has announced, once it is `limit`. */
export async function streamLimit(client: ApnsClient, limit: number): Promise<void> {
  while (client.session.remoteSettings?.maxConcurrentStreams !== limit) {
    await new Promise(resolve => client.session.once('remoteSettings', resolve))
  }
}

import { readFileSync } from 'node:fs'
import { systemClock } from '../../src/domain/clock.ts'
import { ProviderTokenSource } from '../../src/providers/apns/provider-token.ts'
import { loadSimulatorFiles } from '../../src/simulator/apns/simulator-files.ts'
import { secretsIn } from '../../test/support/secrets.ts'
import { Child } from '../system/child.ts'
import { startSimulator } from '../system/simulator.ts'
import { startNghttpd } from './nghttpd.ts'
import type { DelayCall } from './proxy-process.ts'
import type { Target } from './target.ts'

export type ServerName = 'nghttpd' | 'simulator'

export interface Servers {
  /** The server itself, or as it looks from far away. */
  target(server: ServerName, roundTripMs: number): Promise<Target>
  stop(): Promise<void>
}

/** Each server is a process of its own, the delaying proxy too; all of them know the same key and certificate. */
export async function startServers(directory: string): Promise<Servers> {
  // h2load opens its streams before it knows how many it may, and takes the refusals for failures.
  const simulator = await startSimulator(directory, { initialStreamLimit: 1000 })
  const started: { stop(): Promise<void> }[] = [simulator]
  const stop = async () => {
    for (const each of started.toReversed()) await each.stop()
  }
  try {
    const { url, caFile, keyFile, keyId, teamId } = simulator.facts
    const { identity } = await loadSimulatorFiles(directory)
    const nghttpd = await startNghttpd(directory, identity)
    started.push(nghttpd)
    const proxy = new Child({ script: new URL('proxy-process.ts', import.meta.url), cwd: directory })
    started.push(proxy)
    const jwt = await providerToken(keyFile, { keyId, teamId })
    const ports = { nghttpd: nghttpd.port, simulator: Number(new URL(url).port) }
    return {
      async target(server, roundTripMs) {
        const call: DelayCall = { port: ports[server], roundTripMs }
        const port = roundTripMs === 0 ? ports[server] : await proxy.call<number>('delay', call)
        return { port, caFile, keyFile, keyId, teamId, jwt }
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function providerToken(keyFile: string, ids: { keyId: string; teamId: string }): Promise<string> {
  const credentials = { ...ids, privateKey: readFileSync(keyFile, 'utf8') }
  const secrets = secretsIn()
  return new ProviderTokenSource(credentials, secrets, systemClock).current()
}

import { join } from 'node:path'
import { Child } from './child.ts'
import type { SimulatorFacts } from './simulator.ts'
import type { Usage } from './usage.ts'

export const APP = 'org.example.chat'
export const HOOK_TOKEN = 'bench-hook-token-0123456789'
export const ADMIN_TOKEN = 'bench-admin-token-0123456789'

export interface Relay {
  port: number
  usage(): Promise<Usage>
  stop(): Promise<void>
}

/** Variables of its providers. */
export type ProviderEnvironment = Readonly<Record<string, string>>

/** The relay as operators run it: default settings, its own process; `store` as RELAY_STORE, default SQLite in `directory`. */
export async function startRelay(
  directory: string,
  providers: ProviderEnvironment,
  store = `sqlite:${join(directory, 'relay.db')}`,
): Promise<Relay> {
  const { promise: port, resolve } = Promise.withResolvers<number>()
  let output = ''
  const child = new Child({
    script: new URL('../../bin/push-relay.mjs', import.meta.url),
    args: ['serve'],
    cwd: directory,
    env: { ...environment(store), ...providers },
    onOutput(text) {
      output = (output + text).slice(-10_000)
      const [, listened] = /"address":"http:\/\/127\.0\.0\.1:(\d+)"/.exec(output) ?? []
      if (listened !== undefined) resolve(Number(listened))
    },
  })
  const ended = child.ended.then(error => Promise.reject(error))
  try {
    return {
      port: await Promise.race([port, ended]),
      usage: () => child.usage(),
      stop: () => child.stop(),
    }
  } catch (error) {
    await child.stop()
    throw error
  }
}

function environment(store: string): Record<string, string> {
  return {
    RELAY_PORT: '0',
    RELAY_STORE: store,
    RELAY_HOOK_TOKENS: HOOK_TOKEN,
    RELAY_ADMIN_TOKENS: ADMIN_TOKEN,
  }
}

export function apnsEnvironment({
  url,
  caFile,
  keyFile,
  keyId,
  teamId,
}: SimulatorFacts): ProviderEnvironment {
  return {
    RELAY_APNS_TOPICS: APP,
    RELAY_APNS_URL: url,
    RELAY_APNS_CA_FILE: caFile,
    RELAY_APNS_KEY_FILE: keyFile,
    RELAY_APNS_KEY_ID: keyId,
    RELAY_APNS_TEAM_ID: teamId,
  }
}

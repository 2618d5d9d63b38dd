import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { pino } from 'pino'
import { buildApp, type RelayApp } from '../../src/app.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { PROVIDERS } from '../../src/providers/providers.ts'
import { type ApnsSimulator, startApnsSimulator } from '../../src/simulator/apns/apns-simulator.ts'
import { loadSimulatorFiles } from '../../src/simulator/apns/simulator-files.ts'
import { temporaryDirectory } from './temporary-directory.ts'

export const TOPIC = 'com.example.chat'
export const HOOK_TOKEN = 'hook-0123456789abcdef'
export const ADMIN_TOKEN = 'admin-0123456789abcdef'

export interface RelayNode extends RelayApp {
  /** As an operator. */
  ask(method: string, path: string, body?: object): Promise<Response>
  /** As the chat server; answers the id. */
  post(message: object): Promise<string>
}

/** Nodes of one relay, in this process, on one database and one simulated Apple. */
export async function relayNodes(t: TestContext, store: string) {
  const { identity, key, caFile, keyFile } = await loadSimulatorFiles(temporaryDirectory(t))
  const simulator: ApnsSimulator = await startApnsSimulator({ keys: [key], identity, topics: [TOPIC] })
  t.after(() => simulator.close())
  const environment = {
    RELAY_PORT: '0',
    RELAY_HOOK_TOKENS: HOOK_TOKEN,
    RELAY_ADMIN_TOKENS: ADMIN_TOKEN,
    RELAY_STORE: store,
    RELAY_APNS_TOPICS: TOPIC,
    RELAY_APNS_KEY_FILE: keyFile,
    RELAY_APNS_KEY_ID: key.keyId,
    RELAY_APNS_TEAM_ID: key.teamId,
    RELAY_APNS_URL: simulator.url,
    RELAY_APNS_CA_FILE: caFile,
  }
  const start = async (changes: Record<string, string> = {}): Promise<RelayNode> => {
    const result = readConfig({ ...environment, ...changes }, PROVIDERS)
    assert.ok(result.ok, result.ok ? '' : result.problems.join('\n'))
    const app = await buildApp(result.config, '0.0.0-test', { logger: pino({ level: 'silent' }) })
    t.after(() => app.close())
    const url = await app.http.listen({ host: '127.0.0.1', port: 0 })
    const call = (method: string, path: string, token: string, body?: object) =>
      fetch(url + path, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    return {
      ...app,
      ask: (method, path, body) => call(method, path, ADMIN_TOKEN, body),
      post: async message => {
        const response = await call('POST', '/v1/messages', HOOK_TOKEN, message)
        assert.equal(response.status, 202)
        return ((await response.json()) as { id: string }).id
      },
    }
  }
  return { simulator, start }
}

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { pino } from 'pino'
import { buildApp } from '../../../src/app.ts'
import { readConfig } from '../../../src/config/read-config.ts'
import { systemClock } from '../../../src/domain/clock.ts'
import { PROVIDERS } from '../../../src/providers/providers.ts'
import { generateApnsKey } from '../../../src/simulator/apns/apns-key.ts'
import { type ApnsSimulator, startApnsSimulator } from '../../../src/simulator/apns/apns-simulator.ts'
import type { HttpAnswer, ReceivedRequest } from '../../../src/simulator/http-fault.ts'
import { startHttpSimulator } from '../../../src/simulator/http-simulator.ts'
import { temporaryDirectory } from '../temporary-directory.ts'
import { serverIdentity } from './credentials.ts'
import { createAnnouncer, httpStandIn } from './http-stand.ts'
import type { Received, Stand } from './stand.ts'
import { zeropushAnswer, zeropushStand, zeropushWords } from './zeropush.ts'

const SERVER_TOKEN = 'iosprod_SecretServerToken0'
const PATH = '/zeropush'
const JSON_TYPE = { 'content-type': 'application/json' }
const TOPIC = 'com.example.chat'

/**
 * The zeropush provider against a second relay, whose ZeroPush API is real and whose phones are those of the APNs
 * simulator. In front of it stands a simulator that only passes on, so that faults can strike.
 */
export const zeropushApiStand: Stand = {
  ...zeropushStand,
  async start(t, clock) {
    const { tell, onReceived } = createAnnouncer()
    /** Devices whose app has not been started yet: it registers them. */
    const unregistered = new Set<string>()
    let relay: ReturnType<typeof startSecondRelay> | undefined
    /** Most tests never ask it anything. */
    const started = () => {
      relay ??= startSecondRelay(t, { tell, unregistered })
      return relay
    }
    const front = await startHttpSimulator({
      clock,
      respond: async request => (await started()).answer(request),
    })
    t.after(() => front.close())
    return {
      ...httpStandIn(front, zeropushWords(clock)),
      onReceived,
      secrets: [SERVER_TOKEN],
      environment: ({ url = front.url, credential } = {}) => ({
        RELAY_ZEROPUSH_URL: `${url}${PATH}`,
        RELAY_ZEROPUSH_TOKEN: credential === 'wrong' ? 'iosprod_OfSomebodyElse00' : SERVER_TOKEN,
      }),
      newAddress() {
        const token = randomBytes(32).toString('hex')
        unregistered.add(token)
        return { token }
      },
      kill: async ({ token }) => (await started()).kill(String(token)),
      wording: zeropushAnswer,
    }
  },
}

interface Surroundings {
  tell(received: Received): void
  unregistered: Set<string>
}

async function startSecondRelay(t: Pick<TestContext, 'after'>, { tell, unregistered }: Surroundings) {
  const simulator = await startPhones(t, tell)
  const app = await buildApp(configFor(t, simulator), '0.0.0-test', { logger: pino({ level: 'silent' }) })
  t.after(() => app.close())
  const origin = await app.http.listen({ host: '127.0.0.1', port: 0 })

  async function call(method: string, path: string, said?: object): Promise<Record<string, unknown>> {
    const response = await fetch(`${origin}${PATH}${path}`, {
      method,
      headers: { ...JSON_TYPE, authorization: `Token token="${SERVER_TOKEN}"` },
      ...(said === undefined ? {} : { body: JSON.stringify(said) }),
    })
    if (response.status !== 200) throw new Error(`${method} ${path}: ${response.status}`)
    return (await response.json()) as Record<string, unknown>
  }

  async function register(tokens: readonly string[]): Promise<void> {
    for (const token of tokens) {
      if (unregistered.delete(token)) await call('POST', '/register', { device_token: token })
    }
  }

  return {
    async kill(token: string): Promise<void> {
      await register([token])
      simulator.deviceTokens.set(token, { unregisteredAt: systemClock.now() })
      // What becomes of a push is how a relay learns that a device is gone.
      await call('POST', '/notify', { device_tokens: [token], alert: 'Are you there?' })
      for (let isActive: unknown = true; isActive; )
        isActive = (await call('GET', `/devices/${token}`)).active
    },
    async answer({ method, path, headers, body }: ReceivedRequest): Promise<HttpAnswer> {
      const said = JSON.parse(body.toString()) as { device_tokens?: string[]; expiry?: number }
      await register(said.device_tokens ?? [])
      const before = simulator.stats().received
      const response = await fetch(`${origin}${path}`, {
        method,
        headers: { ...JSON_TYPE, authorization: String(headers.authorization) },
        body: new Uint8Array(body),
      })
      const answered = await response.text()
      const { sent_count: sent = 0 } = JSON.parse(answered) as { sent_count?: number }
      // It answers as soon as the message is on disk; tests look at the phone as soon as it has answered.
      const willBeShown = sent > 0 && Number(said.expiry) * 1000 > systemClock.now() + 2000
      if (willBeShown) await simulator.received(before + 1)
      return { status: response.status, headers: JSON_TYPE, body: answered }
    },
  }
}

const KEY = generateApnsKey()

async function startPhones(t: Pick<TestContext, 'after'>, tell: Surroundings['tell']) {
  const simulator = await startApnsSimulator({
    keys: [KEY],
    identity: await serverIdentity,
    topics: [TOPIC],
    tokenUpdateWindowMs: 0,
  })
  t.after(() => simulator.close())
  simulator.events.on('push', (token, { body = '', custom }) => {
    // The id that the first relay gave the message.
    const { info } = custom as { info?: { chat?: { id: string } } }
    tell({ id: info?.chat?.id, address: { token }, text: body })
  })
  return simulator
}

function configFor(t: Pick<TestContext, 'after'>, simulator: ApnsSimulator) {
  const directory = temporaryDirectory(t)
  const file = (name: string, content: string) => {
    const path = join(directory, name)
    writeFileSync(path, content)
    return path
  }
  const result = readConfig(
    {
      RELAY_HOOK_TOKENS: 'hook-0123456789abcdef',
      RELAY_ADMIN_TOKENS: 'admin-0123456789abcdef',
      RELAY_ZEROPUSH_SERVER_TOKENS: SERVER_TOKEN,
      RELAY_STORE: `sqlite:${join(directory, 'relay.db')}`,
      RELAY_APNS_TOPICS: TOPIC,
      RELAY_APNS_KEY_FILE: file('key.p8', KEY.privateKey),
      RELAY_APNS_KEY_ID: KEY.keyId,
      RELAY_APNS_TEAM_ID: KEY.teamId,
      RELAY_APNS_URL: simulator.url,
      RELAY_APNS_CA_FILE: file('ca.pem', simulator.ca),
    },
    PROVIDERS,
  )
  if (!result.ok) throw new Error(result.problems.join('\n'))
  return result.config
}

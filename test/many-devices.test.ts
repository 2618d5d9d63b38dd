import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { buildApp } from '../src/app.ts'
import { readConfig } from '../src/config/read-config.ts'
import { systemClock } from '../src/domain/clock.ts'
import { PROVIDERS } from '../src/providers/providers.ts'
import { captureLog } from './support/captured-log.ts'
import { environmentOf, type RunningStand, startAllStands } from './support/stands/all.ts'
import type { Received } from './support/stands/stand.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

const HOOK_TOKEN = 'hook-0123456789abcdef'
const ADMIN_TOKEN = 'admin-0123456789abcdef'
const TEXT = 'Xyzzy: shall we meet at half past seven?'

interface Attempt {
  number: number
  outcome: string
  reason?: string
}

interface Trace {
  id: string
  state: string
  deliveries: { id: string; device: string; provider: string; state: string; attempts: Attempt[] }[]
}

/** All waits between attempts are short, even the minute before something is shown twice: they are shares of chance. */
const QUICK_CLOCK = { ...systemClock, random: () => 0.02 }

/** The whole relay with every provider on, each with its simulator. */
async function startRelay(t: TestContext, windowDeliveries?: number) {
  const stands = await startAllStands(t)
  const result = readConfig(
    {
      RELAY_HOOK_TOKENS: HOOK_TOKEN,
      RELAY_ADMIN_TOKENS: ADMIN_TOKEN,
      RELAY_STORE: `sqlite:${join(temporaryDirectory(t), 'relay.db')}`,
      ...environmentOf(stands),
    },
    PROVIDERS,
  )
  assert.ok(result.ok, JSON.stringify(result))
  const log = captureLog()
  const app = await buildApp(result.config, '0.0.0-test', {
    logger: log.logger,
    clock: QUICK_CLOCK,
    ...(windowDeliveries === undefined ? {} : { windowDeliveries }),
  })
  t.after(() => app.close())
  const url = await app.http.listen({ host: '127.0.0.1', port: 0 })

  async function call<T>(method: string, path: string, body?: unknown, token = ADMIN_TOKEN): Promise<T> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    assert.ok(response.ok, `${method} ${path}: ${response.status}`)
    return (await response.json()) as T
  }

  async function metrics(): Promise<string> {
    const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } })
    return response.text()
  }

  /** One device with each of these providers; answers their addresses by provider. */
  async function register(recipient: string, on: readonly RunningStand[] = stands) {
    const addresses: Record<string, Readonly<Record<string, unknown>>> = {}
    for (const { name, standIn } of on) {
      const address = standIn.newAddress()
      addresses[name] = address
      await call('PUT', `/v1/devices/my-${name}`, { recipient, provider: name, ...address })
    }
    return addresses
  }

  async function post(recipients: readonly string[], text = TEXT): Promise<string[]> {
    const messages = recipients.map(to => ({ to, from: 'alice@localhost', body: text }))
    const { results } = await call<{ results: { id: string; status: string }[] }>(
      'POST',
      '/v1/messages',
      messages,
      HOOK_TOKEN,
    )
    for (const { status } of results) assert.equal(status, 'queued')
    return results.map(({ id }) => id)
  }

  async function settled(id = ''): Promise<Trace> {
    let trace = await call<Trace>('GET', `/v1/messages/${id}`)
    while (trace.state === 'pending') trace = await call<Trace>('GET', `/v1/messages/${id}`)
    return trace
  }

  const named = (name: string) => stands.find(stand => stand.name === name) as RunningStand
  return { stands, named, log, call, metrics, register, post, settled }
}

const attemptsOf = ({ deliveries }: Trace) =>
  Object.fromEntries(
    deliveries.map(({ provider, state, attempts }) => [
      provider,
      [state, ...attempts.map(({ outcome }) => outcome)],
    ]),
  )

const everywhere = (stands: readonly RunningStand[], change: Record<string, string[]> = {}) => ({
  ...Object.fromEntries(stands.map(({ name }) => [name, ['accepted', 'accepted']])),
  ...change,
})

describe('one recipient, many devices', () => {
  it('gets one message on each, whatever they are, and the trace shows each', async t => {
    const { stands, log, call, metrics, register, post, settled } = await startRelay(t)
    const addresses = await register('bob@localhost')
    const [id] = await post(['bob@localhost'])
    for (const { standIn, received } of stands) await standIn.until(() => received.length === 1)
    for (const { name, received } of stands) {
      assert.deepEqual(received[0]?.address, addresses[name], name)
      assert.ok(received[0]?.text.endsWith(TEXT), name)
    }
    const trace = await settled(id)
    assert.equal(trace.state, 'accepted')
    assert.deepEqual(attemptsOf(trace), everywhere(stands))
    for (const { device, provider } of trace.deliveries) assert.equal(device, `my-${provider}`)
    const devices = await call<unknown>('GET', '/v1/devices?recipient=bob%40localhost')
    const measured = await metrics()
    for (const { name } of stands)
      assert.ok(measured.includes(`relay_attempts_total{provider="${name}",outcome="accepted"} 1`), name)
    const shown = JSON.stringify([trace, devices]) + measured + log.text()
    const secrets = stands.flatMap(({ standIn }) => standIn.secrets)
    for (const secret of [TEXT, ...secrets, ...Object.values(addresses).flatMap(textsIn)])
      assert.ok(!shown.includes(secret), 'a secret is shown')
  })

  it('can be told by anybody which providers there are, and how each is', async t => {
    const { stands, call, register, post, settled } = await startRelay(t)
    const names = stands.map(({ name }) => name)
    const { providers } = await call<{ providers: { provider: string; vapidPublicKey?: string }[] }>(
      'GET',
      '/v1/providers',
    )
    assert.deepEqual(
      providers.map(({ provider }) => provider),
      names,
    )
    assert.deepEqual(
      providers.filter(({ vapidPublicKey }) => vapidPublicKey).map(({ provider }) => provider),
      ['webpush'],
    )
    const states = async () => {
      const health = await call<{ providers: Record<string, { state: string }> }>('GET', '/health')
      return Object.fromEntries(Object.entries(health.providers).map(([name, { state }]) => [name, state]))
    }
    const all = (state: string) => Object.fromEntries(names.map(name => [name, state]))
    assert.deepEqual(await states(), all('idle'))
    await register('bob@localhost')
    const [id] = await post(['bob@localhost'])
    assert.equal((await settled(id)).state, 'accepted')
    assert.deepEqual(await states(), all('ready'))
  })

  for (const name of PROVIDERS.map(provider => provider.name)) {
    it(`a failing one is tried again alone: ${name}`, async t => {
      const { stands, named, register, post, settled } = await startRelay(t)
      await register('bob@localhost')
      named(name).standIn.next({ kind: 'reset', received: true })
      const [id] = await post(['bob@localhost'])
      const trace = await settled(id)
      assert.equal(trace.state, 'accepted')
      assert.deepEqual(attemptsOf(trace), everywhere(stands, { [name]: ['accepted', 'failed', 'accepted'] }))
      for (const { received, ...stand } of stands) {
        assert.equal(received.length, stand.name === name ? 2 : 1, stand.name)
        assert.equal(new Set(received.map(one => one.id)).size, 1, 'a repeat has the id of the first')
      }
    })
  }

  it('one that will never take it leaves the message partial, and the others nothing to do again', async t => {
    const { stands, named, register, post, settled } = await startRelay(t)
    const addresses = await register('bob@localhost')
    named('fcm').standIn.next({ kind: 'bad-message' })
    await named('prowl').standIn.kill(addresses.prowl ?? {})
    const [id] = await post(['bob@localhost'])
    const trace = await settled(id)
    assert.equal(trace.state, 'partial')
    assert.deepEqual(
      attemptsOf(trace),
      everywhere(stands, { fcm: ['dead', 'rejected'], prowl: ['unregistered', 'unregistered'] }),
    )
    const [next] = await post(['bob@localhost'], 'another text')
    const second = await settled(next)
    assert.equal(second.state, 'accepted')
    assert.ok(!second.deliveries.some(({ provider }) => provider === 'prowl'), 'its key is dead')
    for (const { name, received } of stands) {
      const count = { fcm: 1, prowl: 0 }[name] ?? 2
      assert.equal(received.length, count, name)
    }
  })
})

describe('a provider in trouble delays no other', () => {
  for (const [victim, others, trouble] of [
    ['fcm', ['apns', 'http'], 'hangs'],
    ['apns', ['fcm', 'zeropush'], 'hangs'],
    ['http', ['webpush', 'apns'], 'hangs'],
    ['webpush', ['prowl', 'fcm'], 'hangs'],
    ['zeropush', ['apns', 'prowl'], 'cannot be reached'],
    ['prowl', ['apns', 'webpush'], 'hangs'],
  ] as const) {
    it(`${victim} ${trouble}: ${others.join(' and ')} get everything, and afterwards ${victim}, all once`, async t => {
      const relay = await startRelay(t, WINDOW)
      const [sick, ...healthy] = [victim, ...others].map(relay.named)
      assert.ok(sick !== undefined)
      for (const recipient of RECIPIENTS) await relay.register(recipient, [sick, ...healthy])
      if (trouble === 'hangs') sick.standIn.always({ kind: 'hang' })
      else await sick.standIn.vanish()
      await postMany(relay.post)
      await Promise.all(healthy.map(gotEverything))
      assert.equal(sick.received.length, 0)
      const { outbox } = await relay.call<{ outbox: { pending: number } }>('GET', '/health')
      assert.equal(outbox.pending, MESSAGES, 'each waits for its last device')

      sick.standIn.calm()
      // Whoever hung was broken, and is started anew.
      await sick.standIn.vanish()
      await sick.standIn.comeBack()
      await gotEverything(sick)
      for (const { received } of [sick, ...healthy]) assert.equal(distinct(received), MESSAGES)
    })
  }
})

function gotEverything({ standIn, received }: RunningStand): Promise<void> {
  return standIn.until(() => received.length === MESSAGES)
}

const MESSAGES = 3000
/** Far less than what is posted: were it shared without rules, one provider would fill it. */
const WINDOW = 1000
const RECIPIENTS = Array.from({ length: 50 }, (_, index) => `user${index}@localhost`)

async function postMany(post: (recipients: readonly string[], text: string) => Promise<unknown>) {
  for (let round = 0; round < MESSAGES / RECIPIENTS.length; round++)
    await post(RECIPIENTS, `${TEXT} ${round}`)
}

/** How many different texts came to different devices. */
function distinct(received: readonly Received[]): number {
  return new Set(received.map(({ address, text }) => JSON.stringify([address, text]))).size
}

/** Every text in it, however deep. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

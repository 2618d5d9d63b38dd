import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { makeDatabase } from './store/postgres/support.ts'
import { postgresSkip } from './support/postgres-cluster.ts'
import { type RelayNode, relayNodes } from './support/relay-nodes.ts'

const BOB = 'bob@example.org'
const PHONE = 'ab'.repeat(32)

interface Trace {
  state: string
  deliveries: { attempts: { outcome: string }[] }[]
}

/** A node that takes messages, with a phone registered at it, and the means to start others. */
async function startApi(t: TestContext) {
  const { simulator, start } = await relayNodes(t, await makeDatabase())
  const api = await start({ RELAY_ROLE: 'api' })
  const body = { recipient: BOB, provider: 'apns', token: PHONE }
  assert.equal((await api.ask('PUT', '/v1/devices/phone', body)).status, 201)
  const post = (text: string) => api.post({ to: BOB, from: 'alice@example.org', body: text })
  const texts = () => simulator.phones.phone(PHONE).notifications.map(shown => shown.body)
  return { api, post, texts, simulator, startWorker: () => start({ RELAY_ROLE: 'worker' }) }
}

async function trace(node: RelayNode, id: string): Promise<Trace> {
  return (await node.ask('GET', `/v1/messages/${id}`)).json() as Promise<Trace>
}

/** Resolves when a worker has written the next end of a message. */
function settled(worker: RelayNode): Promise<unknown> {
  return new Promise(resolve => {
    const off = worker.events.on('message.settled', event => {
      off()
      resolve(event)
    })
  })
}

describe('the roles of nodes', { skip: postgresSkip }, () => {
  it('api accepts and pushes nothing; a worker pushes what waits, and what comes', async t => {
    const { api, post, texts, simulator, startWorker } = await startApi(t)
    const attempts = { ofApi: 0 }
    api.events.on('attempt.finished', () => attempts.ofApi++)
    const id = await post('before there was a worker')
    assert.equal((await trace(api, id)).state, 'pending')
    const worker = await startWorker()
    await simulator.received(1)
    const found = { byWaiting: 0 }
    worker.events.on('store.outbox-waits', () => found.byWaiting++)
    await post('while there is one')
    await simulator.received(2)
    assert.equal(found.byWaiting, 0, 'it looked, and did not wait to be told that somebody must have died')
    assert.equal(attempts.ofApi, 0)
    assert.deepEqual(texts(), ['before there was a worker', 'while there is one'])
    assert.equal(simulator.stats().connections.total, 1)
    await worker.close()
    await post('when it has gone')
    assert.equal(texts().length, 2)
    await startWorker()
    await simulator.received(3)
  })

  it('a worker answers how it is, and nothing else', async t => {
    const { startWorker } = await startApi(t)
    const worker = await startWorker()
    for (const path of ['/health', '/health/live', '/metrics']) {
      assert.equal((await worker.ask('GET', path)).status, 200, path)
    }
    const health = (await (await worker.ask('GET', '/health')).json()) as { role: string; status: string }
    assert.deepEqual([health.role, health.status], ['worker', 'ok'])
    const others = [
      ['POST', '/v1/messages'],
      ['POST', '/v1/hooks/mod_interact'],
      ['PUT', '/v1/devices/phone'],
      ['GET', '/v1/providers'],
      ['GET', '/v1/messages'],
      ['DELETE', `/v1/recipients/${BOB}`],
      ['GET', '/docs'],
      ['GET', '/openapi.yaml'],
    ] as const
    for (const [method, path] of others) {
      assert.equal((await worker.ask(method, path)).status, 404, `${method} ${path}`)
    }
  })

  it('api sends a test itself, so that whoever asks hears what the provider answers', async t => {
    const { api, simulator } = await startApi(t)
    const response = await api.ask('POST', `/v1/devices/phone/test?recipient=${BOB}`)
    const { outcome } = (await response.json()) as { outcome: string }
    assert.deepEqual([response.status, outcome, simulator.stats().connections.total], [200, 'accepted', 1])
  })

  it('a worker notices what was revived at another node', async t => {
    const { api, post, texts, simulator, startWorker } = await startApi(t)
    const worker = await startWorker()
    simulator.faults.add({ action: 'answer', status: 400, reason: 'PayloadTooLarge', times: 1 })
    const dead = settled(worker)
    const id = await post('too large, it says')
    await dead
    assert.equal((await trace(api, id)).state, 'dead')
    const revived = settled(worker)
    assert.equal((await api.ask('POST', `/v1/messages/${id}/requeue`)).status, 202)
    await revived
    const { state, deliveries } = await trace(api, id)
    assert.deepEqual(
      [state, deliveries[0]?.attempts.map(({ outcome }) => outcome)],
      ['accepted', ['rejected', 'accepted']],
    )
    assert.deepEqual(texts(), ['too large, it says'])
  })

  it('all nodes make the same of a conversation, and are known to Apple by one token', async t => {
    const { simulator, start } = await relayNodes(t, await makeDatabase())
    const preview = { RELAY_PREVIEW: 'none' }
    const nodes = await Promise.all([1, 2, 3].map(() => start(preview)))
    const body = { recipient: BOB, provider: 'apns', token: PHONE }
    await nodes[0]?.ask('PUT', '/v1/devices/phone', body)
    for (const node of nodes) await node.post({ to: BOB, from: 'alice@example.org', body: 'Hello' })
    await simulator.received(3)
    const threads = simulator.phones.phone(PHONE).notifications.map(shown => shown.threadId)
    assert.equal(new Set(threads).size, 1, String(threads))
    // A second token within 20 minutes is refused.
    assert.deepEqual(simulator.stats().refusals, {})
  })
})

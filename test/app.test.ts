import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { recording, TYPED } from './http/dialects/recording.ts'
import { HOOK_TOKEN, RelayProcess } from './support/relay-process.ts'

interface Trace {
  state: string
  receivedAt: string
  expiresAt: string
  deliveries: { attempts: { outcome: string; reason?: string }[] }[]
}

async function startRelay(t: TestContext, environment: Record<string, string> = {}) {
  const relay = await RelayProcess.start(environment)
  t.after(() => relay.close())
  const get = async <T>(path: string) => (await relay.request('GET', path)).json() as Promise<T>
  const post = async (...to: string[]) => {
    const messages = to.map(recipient => ({
      to: recipient,
      from: 'alice@localhost',
      body: 'secret plans',
      id: recipient,
    }))
    const response = await fetch(`${relay.url}/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${HOOK_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify(messages),
    })
    return ((await response.json()) as { results: { id: string }[] }).results.map(({ id }) => id)
  }
  const settled = async (id = '') => {
    let trace = await get<Trace>(`/v1/messages/${id}`)
    while (trace.state === 'pending') trace = await get<Trace>(`/v1/messages/${id}`)
    return trace
  }
  return { relay, get, post, settled, simulator: relay.simulator }
}

describe('the parts together', () => {
  it('what unmodified public modules were recorded to send is shown by the simulated phone, sender and text', async t => {
    // The recordings are of the same messages, so that all but the first of each would be duplicates.
    const { relay, simulator } = await startRelay(t, { RELAY_DEDUPE_WINDOW: '0s' })
    const phone = await relay.registerPhone('bob@localhost')
    const dialects = {
      mod_interact: 'mod_interact',
      'mod_offline_post-eeren323': 'mod_offline_post',
      'mod_offline_post-izandromm': 'mod_offline_post',
      mod_offline_http_post: 'mod_offline_http_post',
      mod_offline_http_post_notify: 'mod_offline_http_post_notify',
      mod_offline_http_post_json: 'mod_offline_http_post_json',
    }
    let count = 0
    for (const [module, dialect] of Object.entries(dialects)) {
      for (const text of ['ascii', 'special', 'unicode']) {
        const { raw, headers } = recording(`${module}-${text}`, HOOK_TOKEN)
        const { 'content-type': type = '', authorization } = headers as Record<string, string>
        const response = await fetch(`${relay.url}/v1/hooks/${dialect}`, {
          method: 'POST',
          headers: { 'content-type': type, ...(authorization === undefined ? {} : { authorization }) },
          body: new Uint8Array(raw),
        })
        assert.equal(response.status, 202, `${module}-${text}`)
        count++
        await simulator.received(count)
        const shown = phone.shown.at(-1)
        assert.deepEqual([shown?.title, shown?.body], ['alice', TYPED[text]], `${module}-${text}`)
      }
    }
  })

  it('the configuration reaches what it is for', async t => {
    const { relay, post, settled, simulator } = await startRelay(t, {
      RELAY_PREVIEW: 'sender',
      RELAY_PREVIEW_TEXT: 'Psst',
      RELAY_MESSAGE_TTL: '2h',
    })
    const phone = await relay.registerPhone('bob@localhost')
    const [id] = await post('bob@localhost')
    await simulator.received(1)
    assert.deepEqual([phone.shown[0]?.title, phone.shown[0]?.body], ['alice', 'Psst'])
    const trace = await settled(id)
    assert.equal(Date.parse(trace.expiresAt) - Date.parse(trace.receivedAt), 2 * 3_600_000)
  })

  it('a wave of misaddressed tokens is said in /health', async t => {
    const { relay, get, post, settled, simulator } = await startRelay(t)
    const recipients = Array.from({ length: 12 }, (_, index) => `user${index}@localhost`)
    for (const recipient of recipients) await relay.registerPhone(recipient)
    simulator.faults.add({ action: 'answer', status: 400, reason: 'BadDeviceToken' })
    for (const id of await post(...recipients)) {
      const { deliveries } = await settled(id)
      // RELAY_APNS_URL replaces every environment: there is no other one to try.
      assert.deepEqual(
        deliveries[0]?.attempts.map(({ outcome }) => outcome),
        ['misaddressed'],
      )
    }
    const health = await get<{ status: string; warnings: { kind: string; topic: string }[] }>('/health')
    assert.equal(health.status, 'degraded')
    assert.deepEqual(
      health.warnings.map(({ kind, topic }) => [kind, topic]),
      [['misaddressed-wave', 'com.example.chat']],
    )
  })

  it('a word of Apple that nobody knows is kept, warned of and counted', async t => {
    const { relay, post, settled, simulator } = await startRelay(t)
    await relay.registerPhone('bob@localhost')
    simulator.faults.add({ action: 'answer', status: 400, reason: 'BrandnewReason' })
    const [id] = await post('bob@localhost')
    const trace = await settled(id)
    assert.deepEqual([trace.state, trace.deliveries[0]?.attempts[0]?.reason], ['dead', 'BrandnewReason'])
    assert.match(relay.output, /"level":40[^\n]*BrandnewReason/)
    const metrics = await (await relay.request('GET', '/metrics')).text()
    assert.match(metrics, /relay_\w*unknown\w*_total\{[^}]*\} 1/)
  })
})

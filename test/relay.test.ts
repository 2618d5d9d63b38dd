import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ADMIN_TOKEN, HOOK_TOKEN, RelayProcess } from './support/relay-process.ts'

async function startRelay(t: TestContext, environment: Record<string, string> = {}) {
  const relay = await RelayProcess.start(environment)
  t.after(() => relay.close())
  const post = async (messages: object[], headers: Record<string, string> = {}) => {
    const response = await fetch(`${relay.url}/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${HOOK_TOKEN}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(messages),
    })
    assert.equal(response.status, 202)
    return ((await response.json()) as { results: { id: string; status: string }[] }).results
  }
  const get = async <T>(path: string) => (await relay.request('GET', path)).json() as Promise<T>
  const health = () => get<Health>('/health')
  return { relay, post, get, health, simulator: relay.simulator }
}

interface Health {
  status: string
  providers: { apns: { state: string; scopes: { kind: string; reason: string }[] } }
  outbox: { pending: number }
}

const messages = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, index) => ({
    to: 'bob@localhost',
    from: 'alice@localhost',
    body: `text ${index}`,
    id: `${prefix}-${index}`,
  }))

describe('the relay as operators run it', () => {
  it('keeps everything while Apple cannot be reached, says so, and delivers all of it afterwards', async t => {
    const { relay, post, health, simulator } = await startRelay(t)
    await relay.registerPhone('bob@localhost')
    await simulator.refuseConnections()
    for (let batch = 0; batch < 5; batch++) await post(messages(400, `outage-${batch}`))
    let seen = await health()
    while (seen.status !== 'degraded') seen = await health()
    const { state, scopes } = seen.providers.apns
    assert.deepEqual([state, scopes[0]?.kind, scopes[0]?.reason], ['down', 'unsent', 'ECONNREFUSED'])
    assert.equal(seen.outbox.pending, 2000)

    await simulator.acceptConnections()
    await simulator.received(2000)
    assert.deepEqual(simulator.stats().ids.repeated, 0)
    while (seen.status !== 'ok' || seen.outbox.pending > 0) seen = await health()
  })

  it('SIGTERM: finishes what is in flight, gives the rest back, ends cleanly; nothing is lost or sent twice', async t => {
    const { relay, post, simulator } = await startRelay(t)
    await relay.registerPhone('bob@localhost')
    simulator.faults.add({ action: 'delay', delayMs: 30 })
    await post(messages(1000, 'a'))
    await post(messages(1000, 'b'))
    await simulator.until(stats => stats.received >= 20)
    assert.equal(await relay.kill('SIGTERM'), 0)
    assert.match(relay.output, /"msg":"stopped"/)
    const before = simulator.stats().received
    assert.ok(before < 2000)
    await relay.run()
    await simulator.received(2000)
    assert.deepEqual([simulator.stats().ids.distinct, simulator.stats().ids.repeated], [2000, 0])
  })

  it('refuses a second process on the same file in one line', async t => {
    const { relay } = await startRelay(t)
    const bin = join(import.meta.dirname, '../bin/push-relay.mjs')
    const env = { ...relay.environment, RELAY_PORT: '0' }
    const second = spawn(process.execPath, [bin, 'serve'], { cwd: import.meta.dirname, env })
    let errors = ''
    second.stderr.on('data', chunk => {
      errors += chunk
    })
    const [code] = await once(second, 'close')
    assert.equal(code, 1)
    assert.match(errors, /^push-relay cannot start: [^\n]+\n$/)
  })

  it('shows no text, token or credential in any log line, metric, trace or health page', async t => {
    const { relay, post, get, simulator } = await startRelay(t, { RELAY_LOG_LEVEL: 'trace' })
    const phone = await relay.registerPhone('bob@localhost')
    const text = 'xyzzy-secret-text'
    const form = `to=bob&from=alice&body=${text}&access_token=${HOOK_TOKEN}`
    const urlencoded = { 'content-type': 'application/x-www-form-urlencoded' }
    const shown: string[] = []
    for (const path of [
      '/v1/hooks/mod_offline_post',
      '/v1/messages',
      '/v1/hooks/nope',
      `/v1/messages?t=${HOOK_TOKEN}`,
    ]) {
      const answer = await fetch(relay.url + path, { method: 'POST', headers: urlencoded, body: form })
      shown.push(await answer.text())
    }
    simulator.faults.add({ action: 'answer', status: 400, reason: 'BadMessageId', times: 1 })
    const [first] = await post([
      { to: 'bob@localhost', from: 'alice@localhost', body: text, nick: 'Nick-xyzzy' },
    ])
    await post([{ to: 'nobody@localhost', from: 'alice@localhost', body: text }])
    await post([
      { to: 'not a jid', from: 'alice@localhost', body: text },
      { to: 'bob@localhost', body: { text } },
    ])
    await fetch(`${relay.url}/v1/devices`, { headers: { authorization: `Bearer ${HOOK_TOKEN}x` } })
    await simulator.until(stats => stats.strikes >= 1)
    let trace = await get<{ state: string }>(`/v1/messages/${first?.id}`)
    while (trace.state === 'pending') trace = await get(`/v1/messages/${first?.id}`)
    shown.push(JSON.stringify([trace, await get('/v1/messages'), await get('/health')]))
    const metrics = await (await relay.request('GET', '/metrics')).text()
    assert.match(metrics, /relay_attempts_total\{provider="apns",outcome="accepted"\} [1-9]/)
    shown.push(metrics)
    assert.equal(await relay.kill('SIGTERM'), 0)
    const everything = shown.join('\n') + relay.output
    assert.ok(everything.includes(String(first?.id)), 'the trace is among what is searched')
    for (const secret of ['xyzzy', phone.token, HOOK_TOKEN, ADMIN_TOKEN, 'bearer ey', 'PRIVATE KEY']) {
      assert.ok(!everything.includes(secret), `${secret} is shown`)
    }
  })
})

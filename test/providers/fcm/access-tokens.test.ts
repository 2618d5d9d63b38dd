import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Access, AccessTokens } from '../../../src/providers/fcm/access-tokens.ts'
import type { TokenAnswer } from '../../../src/providers/fcm/token-endpoint.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { ACCOUNT } from '../../support/fcm-simulator.ts'
import { secretsIn } from '../../support/secrets.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const account = { ...ACCOUNT, tokenUri: 'https://oauth2.googleapis.com/token' }
const down: TokenAnswer = { ok: false, failure: { kind: 'unavailable', reason: 'ECONNREFUSED' } }

/** A source, and an endpoint that grants `t1`, `t2`, … for an hour unless it is told otherwise. */
function rig(kept = new Map<string, string>(), clock = new FakeClock()) {
  let fetched = 0
  const endpoint = {
    answers: [] as TokenAnswer[],
    /** Answers come when this has. */
    gate: Promise.resolve(),
    count: () => fetched,
  }
  const secrets = secretsIn(kept)
  async function fetchToken(): Promise<TokenAnswer> {
    fetched += 1
    const token = { value: `t${fetched}`, obtainedAt: clock.now(), expiresAt: clock.now() + HOUR }
    const answer = endpoint.answers.shift() ?? { ok: true as const, token }
    await endpoint.gate
    return answer
  }
  const create = (more = {}) => new AccessTokens({ account, fetchToken, secrets, clock, ...more })
  return { tokens: create(), create, endpoint, clock, kept, secrets }
}

async function tokenOf(access: Access | Promise<Access>): Promise<string> {
  const { ok, ...rest } = await access
  return ok && 'accessToken' in rest ? rest.accessToken : 'none'
}

describe('the access token', () => {
  it('is fetched once for all who wait for it, and then there without waiting', async () => {
    const { tokens, endpoint } = rig()
    const all = await Promise.all(Array.from({ length: 100 }, () => tokenOf(tokens.current())))
    assert.deepEqual(new Set(all), new Set(['t1']))
    assert.equal(endpoint.count(), 1)
    assert.deepEqual(tokens.current(), { ok: true, accessToken: 't1' })
  })

  it('is renewed five minutes early, while pushes go on with the one there is', async () => {
    const { tokens, endpoint, clock } = rig()
    await tokens.current()
    clock.advance(55 * MINUTE)
    assert.deepEqual(tokens.current(), { ok: true, accessToken: 't1' })
    assert.equal(endpoint.count(), 1)
    const gate = Promise.withResolvers<void>()
    endpoint.gate = gate.promise
    clock.advance(1)
    for (let push = 0; push < 10; push++) assert.deepEqual(tokens.current(), { ok: true, accessToken: 't1' })
    gate.resolve()
    await tokens.settled()
    assert.deepEqual(tokens.current(), { ok: true, accessToken: 't2' })
    assert.equal(endpoint.count(), 2)
  })

  it('that cannot be renewed early is used to its end, and asked for twice a minute at most', async () => {
    const { tokens, endpoint, clock } = rig()
    await tokens.current()
    clock.advance(56 * MINUTE)
    endpoint.answers = Array.from({ length: 100 }, () => down)
    for (let second = 0; second < 120; second++) {
      assert.deepEqual(tokens.current(), { ok: true, accessToken: 't1' })
      await tokens.settled()
      clock.advance(1000)
    }
    assert.equal(endpoint.count(), 1 + 4)
    clock.advance(2 * MINUTE)
    assert.deepEqual(await tokens.current(), down)
    endpoint.answers = []
    assert.equal(await tokenOf(tokens.current()), 't7')
  })

  it('is not asked for over and over when Google gives the same one again', async () => {
    const { tokens, endpoint, clock } = rig()
    await tokens.current()
    clock.advance(58 * MINUTE)
    const same = { value: 't1', obtainedAt: clock.now(), expiresAt: clock.now() + 2 * MINUTE }
    endpoint.answers = [{ ok: true, token: same }]
    for (let push = 0; push < 10; push++) {
      assert.equal(await tokenOf(tokens.current()), 't1')
      await tokens.settled()
    }
    assert.equal(endpoint.count(), 2)
  })

  it('outlives a restart, but not its time', async () => {
    const { tokens, create, endpoint, clock } = rig()
    await tokens.current()
    assert.equal(await tokenOf(create().current()), 't1')
    clock.advance(55 * MINUTE + 1)
    assert.equal(await tokenOf(create().current()), 't2')
    assert.equal(endpoint.count(), 2)
  })

  it('of another key, account or endpoint is not taken over', async () => {
    const { tokens, create, endpoint, kept } = rig()
    await tokens.current()
    for (const change of [{ privateKey: 'x' }, { clientEmail: 'x' }, { tokenUri: 'x' }, { projectId: 'x' }])
      await create({ account: { ...account, ...change } }).current()
    assert.equal(endpoint.count(), 5)
    assert.equal(kept.size, 5)
    for (const name of kept.keys()) assert.match(name, /^fcm-access-token\/(?:demo-chat|x)\/[0-9a-f]{16}$/)
  })

  it('is fetched when what was kept is damaged, or the store is', async () => {
    const { tokens, create, kept } = rig()
    await tokens.current()
    for (const damaged of [
      '',
      '{',
      'null',
      '7',
      '{"value":"t0"}',
      '{"value":1,"obtainedAt":1,"expiresAt":9e99}',
    ]) {
      for (const name of kept.keys()) kept.set(name, damaged)
      assert.notEqual(await tokenOf(create().current()), 't0')
    }
    const broken = () => Promise.reject(new Error('no store'))
    const access = create({ secrets: { secret: broken, replaceSecret: broken } }).current()
    assert.match(await tokenOf(access), /^t\d$/)
  })

  it('is fetched anew when the clock was set back: nobody knows how old it is', async () => {
    const { tokens, kept } = rig()
    await tokens.current()
    const { tokens: early, endpoint } = rig(kept, new FakeClock(Date.UTC(2020, 0, 1)))
    await early.current()
    assert.equal(endpoint.count(), 1)
  })
})

describe('an access token that Google refuses', () => {
  it('is replaced once for all pushes that had it', async () => {
    const { tokens, endpoint, clock } = rig()
    await tokens.current()
    clock.advance(10 * MINUTE)
    assert.deepEqual(
      [1, 2, 3].map(() => tokens.renewRefused('t1')),
      [true, true, true],
    )
    const all = await Promise.all([1, 2, 3].map(() => tokenOf(tokens.current())))
    assert.deepEqual(all, ['t2', 't2', 't2'])
    assert.equal(tokens.renewRefused('t1'), true)
    assert.equal(await tokenOf(tokens.current()), 't2')
    assert.equal(endpoint.count(), 2)
  })

  it('is not found again in the store', async () => {
    const { tokens, clock, create } = rig()
    await tokens.current()
    clock.advance(10 * MINUTE)
    const restarted = create()
    assert.equal(await tokenOf(restarted.current()), 't1')
    assert.equal(restarted.renewRefused('t1'), true)
    assert.equal(await tokenOf(restarted.current()), 't2')
  })

  it('so young is our configuration: another one would fare no better', async () => {
    const { tokens, endpoint, clock } = rig()
    await tokens.current()
    clock.advance(MINUTE - 1)
    assert.equal(tokens.renewRefused('t1'), false)
    assert.deepEqual(tokens.current(), { ok: true, accessToken: 't1' })
    clock.advance(1)
    assert.equal(tokens.renewRefused('t1'), true)
    const again = { value: 't1', obtainedAt: clock.now(), expiresAt: clock.now() + HOUR }
    endpoint.answers = [{ ok: true, token: again }]
    assert.equal(await tokenOf(tokens.current()), 't1')
    assert.equal(tokens.renewRefused('t1'), false)
  })
})

describe('an access token that several nodes share', () => {
  /** So many nodes, whose stores, endpoints and clock are one. */
  function nodes(count: number) {
    const { create, ...rest } = rig()
    return { nodes: Array.from({ length: count }, () => create()), create, ...rest }
  }

  /** One after the other. */
  async function everyone(all: readonly AccessTokens[]): Promise<string[]> {
    const found: string[] = []
    for (const tokens of all) found.push(await tokenOf(tokens.current()))
    return found
  }

  it('is fetched once when all start together, and the others wait for it', async () => {
    const { nodes: all, endpoint, clock } = nodes(5)
    const gate = Promise.withResolvers<void>()
    endpoint.gate = gate.promise
    const waiting = all.map(tokens => tokenOf(tokens.current()))
    while (clock.pendingTimers() < 4) await new Promise(resolve => setImmediate(resolve))
    gate.resolve()
    await all[0]?.settled()
    clock.advance(500)
    assert.deepEqual(new Set(await Promise.all(waiting)), new Set(['t1']))
    assert.equal(endpoint.count(), 1)
  })

  it('is renewed by one, while the others go on with the one there is', async () => {
    const { nodes: all, endpoint, clock } = nodes(3)
    await everyone(all)
    clock.advance(56 * MINUTE)
    const gate = Promise.withResolvers<void>()
    endpoint.gate = gate.promise
    const [first, ...others] = all
    assert.deepEqual(await everyone(all), ['t1', 't1', 't1'])
    await Promise.all(others.map(tokens => tokens.settled()))
    assert.equal(endpoint.count(), 2)
    gate.resolve()
    await first?.settled()
    clock.advance(30_000)
    await everyone(others)
    await Promise.all(others.map(tokens => tokens.settled()))
    assert.deepEqual(await everyone(all), ['t2', 't2', 't2'])
    assert.equal(endpoint.count(), 2)
  })

  it('serves a node that starts while another renews it', async () => {
    const { nodes: all, endpoint, clock, create } = nodes(1)
    await all[0]?.current()
    clock.advance(56 * MINUTE)
    const gate = Promise.withResolvers<void>()
    endpoint.gate = gate.promise
    void all[0]?.current()
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(await tokenOf(create().current()), 't1')
    gate.resolve()
    await all[0]?.settled()
  })

  it('is fetched by the next one when Google had nothing for the first', async () => {
    const { nodes: all, endpoint, clock } = nodes(2)
    endpoint.answers = [down]
    const [first, second] = all.map(tokens => tokens.current())
    assert.deepEqual(await first, down)
    clock.advance(500)
    assert.equal(await tokenOf(second as Promise<Access>), 't2')
  })

  it('is fetched by another when the one who was about to does not come back', async () => {
    const { nodes: all, endpoint, clock } = nodes(2)
    endpoint.gate = new Promise(() => {})
    void all[0]?.current()
    await new Promise(resolve => setImmediate(resolve))
    endpoint.gate = Promise.resolve()
    const second = tokenOf(all[1]?.current() as Promise<Access>)
    for (let waited = 0; waited < 20_000; waited += 500) {
      assert.equal(endpoint.count(), 1)
      while (clock.pendingTimers() === 0) await new Promise(resolve => setImmediate(resolve))
      clock.advance(500)
    }
    assert.equal(await second, 't2')
  })

  it('that was refused is replaced once', async () => {
    const { nodes: all, endpoint, clock } = nodes(3)
    await everyone(all)
    clock.advance(10 * MINUTE)
    for (const tokens of all) {
      assert.equal(tokens.renewRefused('t1'), true)
      assert.equal(await tokenOf(tokens.current()), 't2')
    }
    assert.equal(endpoint.count(), 2)
  })

  it('is not waited for by a node that stops', async () => {
    const { nodes: all, endpoint, clock } = nodes(2)
    endpoint.gate = new Promise(() => {})
    void all[0]?.current()
    await new Promise(resolve => setImmediate(resolve))
    const second = all[1]?.current()
    while (clock.pendingTimers() === 0) await new Promise(resolve => setImmediate(resolve))
    await all[1]?.close()
    assert.deepEqual(await second, { ok: false, failure: { kind: 'unavailable', reason: 'closing' } })
    assert.equal(clock.pendingTimers(), 0)
  })
})

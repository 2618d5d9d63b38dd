import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { createCheckedLookup, resolveByDns } from '../../../src/providers/webpush/checked-lookup.ts'
import { type NameAnswer, startNameServer } from '../../support/name-server.ts'
import { aWebPush, webPushStand } from '../../support/webpush.ts'

const NAME = 'push.example.org'
const IPV6 = '2606:4700:0:0:0:0:0:1111'

async function resolverOf(t: TestContext, answers: { A: NameAnswer; AAAA: NameAnswer }) {
  const server = await startNameServer(t, (_name, type) => answers[type])
  return { server, resolve: (name = NAME) => resolveByDns(name, [server.address]) }
}

describe('asking name servers', () => {
  it('tells both kinds of addresses', async t => {
    const { server, resolve } = await resolverOf(t, { A: ['8.8.8.8', '9.9.9.9'], AAAA: [IPV6] })
    assert.deepEqual((await resolve()).toSorted(), ['2606:4700::1111', '8.8.8.8', '9.9.9.9'])
    assert.deepEqual(server.questions.toSorted(), [`${NAME} A`, `${NAME} AAAA`])
  })

  it('makes do with one kind, if there is no other or nobody can say', async t => {
    for (const AAAA of [[], 'failure', 'no-such-name'] as const) {
      const { resolve } = await resolverOf(t, { A: ['8.8.8.8'], AAAA })
      assert.deepEqual(await resolve(), ['8.8.8.8'])
    }
  })

  it('tells that there is none, or that nobody can say', async t => {
    const none = await resolverOf(t, { A: [], AAAA: [] })
    assert.deepEqual(await none.resolve(), [])
    const unknown = await resolverOf(t, { A: 'no-such-name', AAAA: 'no-such-name' })
    assert.deepEqual(await unknown.resolve(), [])
    const failing = await resolverOf(t, { A: 'failure', AAAA: [] })
    await assert.rejects(failing.resolve(), { code: 'ESERVFAIL' })
  })

  it('looks into no hosts file, and adds no domain of this network', async t => {
    const { server, resolve } = await resolverOf(t, { A: ['8.8.8.8'], AAAA: [] })
    assert.deepEqual(await resolve('localhost'), ['8.8.8.8'])
    assert.deepEqual(server.questions.toSorted(), ['localhost A', 'localhost AAAA'])
  })
})

it('a name that turns to this machine between two pushes gets none of them there', async t => {
  const answers = [['8.8.8.8'], ['127.0.0.1']]
  const server = await startNameServer(t, (_name, type) =>
    type === 'A' ? (answers.shift() ?? ['127.0.0.1']) : [],
  )
  const lookup = createCheckedLookup(hostname => resolveByDns(hostname, [server.address]))
  // Whoever looked only once would have seen a public address.
  assert.deepEqual(await resolveByDns(NAME, [server.address]), ['8.8.8.8'])
  const { simulator, provider, register } = await webPushStand(t, {
    simulator: { name: NAME },
    provider: { allowedOrigins: undefined, lookup },
  })
  const outcome = await provider.send(aWebPush(register(simulator.subscribe())))
  assert.deepEqual([outcome.kind, outcome.reason], ['unsent', 'unreachable'])
  assert.equal(simulator.stats().connections.total, 0)
})

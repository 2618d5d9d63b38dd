import assert from 'node:assert/strict'
import type { LookupFunction } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { createCheckedLookup } from '../../../src/providers/webpush/checked-lookup.ts'
import { createServerIdentity } from '../../../src/simulator/certificate.ts'
import type { HttpFault } from '../../../src/simulator/http-fault.ts'
import { aWebPush, webPushStand } from '../../support/webpush.ts'

const HOST = 'push.example.org'
const identity = createServerIdentity([HOST])

/** What a test's name servers say: an address, or nothing. Nobody checks it. */
function scriptedLookup(...answers: (string | undefined)[]): LookupFunction {
  return (_hostname, _options, callback) => {
    const address = answers.length > 1 ? answers.shift() : answers[0]
    if (address === undefined)
      callback(Object.assign(new Error('refused'), { code: 'address-not-public' }), [])
    else callback(null, [{ address, family: 4 }])
  }
}

/** A push service that a client found somewhere on the internet; its name leads to the simulator where `lookup` says so. */
async function strangerStand(t: TestContext, lookup: LookupFunction, faults: HttpFault[] = []) {
  const stand = await webPushStand(t, {
    simulator: { identity: await identity, name: HOST, faults },
    provider: { allowedOrigins: undefined, lookup },
  })
  return { ...stand, registration: stand.register(stand.simulator.subscribe()) }
}

describe('a push service of a client’s choice', () => {
  it('is connected to where its name was found to lead, under its name', async t => {
    const { simulator, provider, registration } = await strangerStand(t, scriptedLookup('127.0.0.1'))
    assert.deepEqual(await provider.send(aWebPush(registration)), { kind: 'accepted', status: 201 })
    assert.deepEqual(provider.scopesOf(registration), [
      `webpush/${registration.app}/${HOST}:${simulator.port}`,
    ])
    assert.equal(simulator.requests[0]?.headers.host, `${HOST}:${simulator.port}`)
  })

  it('is not connected to when its name leads to a private address, and nobody but operators hears why', async t => {
    const lookup = createCheckedLookup(async () => ['8.8.8.8', '127.0.0.1'])
    const { simulator, provider, registration, connections } = await strangerStand(t, lookup)
    const [scope] = provider.scopesOf(registration)
    const unreachable = { kind: 'unsent', scope, retryNow: false, reason: 'unreachable' }
    assert.deepEqual(await provider.send(aWebPush(registration)), unreachable)
    assert.equal(simulator.stats().connections.total, 0)
    assert.deepEqual(connections, [['failed', 'address-not-public']])
  })

  it('is asked for anew with every connection: a name that changes its mind is not followed', async t => {
    const { simulator, provider, registration } = await strangerStand(
      t,
      scriptedLookup('127.0.0.1', undefined),
    )
    assert.equal((await provider.send(aWebPush(registration))).kind, 'accepted')
    simulator.dropConnections()
    await simulator.until(({ connections }) => connections.open === 0)
    const outcomes = [
      await provider.send(aWebPush(registration)),
      await provider.send(aWebPush(registration)),
    ]
    // The first may still find the connection that is just ending.
    assert.equal(outcomes.at(-1)?.reason, 'unreachable')
    assert.equal(simulator.stats().connections.total, 1)
    assert.equal(simulator.requests.length, 1)
  })

  it('looks the same when it is down as when it is refused', async t => {
    const down = await strangerStand(t, scriptedLookup('127.0.0.1'))
    down.simulator.refuseConnections()
    const refused = await strangerStand(t, scriptedLookup(undefined))
    const [first, second] = await Promise.all(
      [down, refused].map(({ provider, registration }) => provider.send(aWebPush(registration))),
    )
    const { scope: _first, ...firstSeen } = first as { scope?: string }
    const { scope: _second, ...secondSeen } = second as { scope?: string }
    assert.deepEqual(firstSeen, secondSeen)
  })

  it('does not worry operators when it is down', async t => {
    const { provider, registration } = await strangerStand(t, scriptedLookup(undefined))
    await provider.send(aWebPush(registration))
    assert.equal(provider.health().connection, 'idle')
    const [scope] = provider.scopesOf(registration)
    assert.equal(provider.concernsOperators?.(scope), false)
    assert.equal(provider.concernsOperators?.(scope.replace(/[^/]+$/, 'fcm.googleapis.com')), true)
  })

  const words: [string, HttpFault, object][] = [
    [
      'its words',
      { action: 'answer', status: 400, body: '{"reason":"InternalSecret"}' },
      { kind: 'rejected', status: 400, reason: 'HTTP 400' },
    ],
    [
      'the word that would end registrations',
      { action: 'answer', status: 400, body: '{"reason":"VapidPkHashMismatch"}' },
      { kind: 'rejected', status: 400, reason: 'HTTP 400' },
    ],
    [
      'a refusal, as if it were about us',
      { action: 'answer', status: 403 },
      { kind: 'failed', pace: 'server', status: 403, reason: 'HTTP 403' },
    ],
    [
      'a status of its own',
      { action: 'answer', status: 418 },
      { kind: 'rejected', status: 418, reason: 'HTTP 418' },
    ],
    [
      'where it sends us',
      { action: 'answer', status: 302, headers: { location: 'https://127.0.0.1:1/' } },
      { kind: 'failed', pace: 'server', status: 302, reason: 'HTTP 302' },
    ],
    ['how it breaks off', { action: 'reset' }, { kind: 'failed', pace: 'transport', reason: 'no-answer' }],
  ]
  for (const [what, fault, expected] of words) {
    it(`is not repeated: ${what}`, async t => {
      const lookup = scriptedLookup('127.0.0.1')
      const { provider, registration, unknownReasons } = await strangerStand(t, lookup, [fault])
      const outcome = await provider.send(aWebPush(registration))
      assert.deepEqual(outcome, expected)
      assert.deepEqual(unknownReasons, [])
    })
  }
})

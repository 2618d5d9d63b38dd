import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '../../../src/domain/outcome.ts'
import type { Stand } from '../../support/stands/stand.ts'
import { beforeDeadline, type Rig, startRig, startRudeRig, turn } from './rig.ts'

/** Attempts within which a provider must have noticed that its server is gone, or back. */
const ATTEMPTS = 20
const BACKOFF_STEP_MS = 100

export function connectionsContract(stand: Stand): void {
  test('hang: a request that is never answered fails in time, and holds up nobody else', async t => {
    const { standIn, clock, push, send } = await startRig(t, stand)
    assert.equal((await send()).kind, 'accepted')
    standIn.next({ kind: 'hang' })
    const hung = send(push())
    await standIn.until(() => standIn.requests() === 2)
    assert.equal((await send()).kind, 'accepted')
    const outcome = await beforeDeadline(clock, hung)
    assert.ok(outcome.kind === 'failed' && ['transport', 'unrecognised'].includes(outcome.pace))
    await recovers({ send, clock, standIn })
  })

  test('hang: a whole server that never answers fails every push in time', async t => {
    const { standIn, received, clock, push, send } = await startRig(t, stand)
    standIn.always({ kind: 'hang' })
    const sending = Array.from({ length: 20 }, () => send(push()))
    await standIn.until(() => standIn.requests() > 0)
    for (const outcome of await Promise.all(sending.map(one => beforeDeadline(clock, one))))
      assert.ok(['failed', 'unsent'].includes(outcome.kind), outcome.kind)
    assert.deepEqual(received, [])
    standIn.calm()
    await recovers({ send, clock, standIn })
  })

  for (const isReceived of [false, true]) {
    const what = isReceived ? 'after the device had it' : 'before anybody acted on it'
    test(`reset: a connection that breaks ${what} is a failure of which nothing is known`, async t => {
      const { standIn, received, clock, push, send } = await startRig(t, stand)
      assert.equal((await send()).kind, 'accepted')
      standIn.next({ kind: 'reset', received: isReceived })
      const outcome = await send(push())
      assert.ok(outcome.kind === 'failed', outcome.kind)
      assert.ok(['transport', 'reconnect', 'unrecognised'].includes(outcome.pace))
      assert.equal(received.length, isReceived ? 2 : 1, 'it is not sent again behind our back')
      await recovers({ send, clock, standIn })
    })
  }

  test('refused: nothing was sent, it is down, and ready when somebody listens again', async t => {
    const { provider, standIn, clock, connections, push, send } = await startRig(t, stand)
    const pushed = push()
    await standIn.vanish()
    const outcome = await send(pushed)
    assert.ok(outcome.kind === 'unsent', outcome.kind)
    assert.ok(provider.scopesOf(pushed.registration).includes(outcome.scope))
    assert.equal(outcome.retryNow, false, 'at once again would end the same way')
    // A provider that speaks to several servers says first which one it was.
    assert.match(outcome.reason ?? '', /(?:^|: )ECONNREFUSED$/)
    assert.equal(provider.health().connection, 'down')
    assert.ok(connections.includes('failed') && !connections.includes('connected'))
    await standIn.comeBack()
    await recovers({ send, clock, standIn })
    assert.equal(provider.health().connection, 'ready')
    assert.ok(connections.includes('connected'))
  })

  test('restart: it is ready, down, and ready again; what comes after arrives, and nothing comes twice', async t => {
    const { provider, received, standIn, clock, push, send } = await startRig(t, stand)
    const health = () => provider.health().connection
    for (let restart = 0; restart < 3; restart++) {
      await Promise.all(Array.from({ length: 10 }, () => send(push())))
      assert.equal(health(), 'ready')
      await standIn.vanish()
      await standIn.until(() => standIn.openConnections() === 0)
      for (let attempt = 0; health() !== 'down'; attempt++) {
        assert.ok(attempt < ATTEMPTS, 'it does not notice')
        assert.notEqual((await beforeDeadline(clock, send())).kind, 'accepted')
      }
      await standIn.comeBack()
      await recovers({ send, clock, standIn })
    }
    assert.equal(health(), 'ready')
    const addresses = received.map(({ address }) => JSON.stringify(address))
    assert.equal(new Set(addresses).size, addresses.length)
  })

  test('restart: while pushes are under way, each has an outcome that tells the truth', async t => {
    const { standIn, clock, push, send } = await startRig(t, stand)
    assert.equal((await send()).kind, 'accepted')
    standIn.always({ kind: 'hang' })
    const sending = Array.from({ length: 20 }, () => send(push()))
    await standIn.until(() => standIn.requests() > 1)
    await standIn.vanish()
    for (const outcome of await Promise.all(sending.map(one => beforeDeadline(clock, one))))
      assert.ok(['failed', 'unsent'].includes(outcome.kind), outcome.kind)
    standIn.calm()
    await standIn.comeBack()
    await recovers({ send, clock, standIn })
  })

  test('drain: a server that asks to leave answers what is under way, and gets the rest on another connection', async t => {
    const { standIn, received, clock, push, send, holdsOne, answerHeld } = await startRig(t, stand)
    await Promise.all(Array.from({ length: 5 }, () => send(push())))
    standIn.next({ kind: 'delay' })
    const held = send(push())
    await holdsOne()
    standIn.drain()
    answerHeld()
    assert.equal((await held).kind, 'accepted')
    await standIn.until(() => standIn.openConnections() === 0)
    await recovers({ send, clock, standIn })
    const addresses = received.map(({ address }) => JSON.stringify(address))
    assert.equal(new Set(addresses).size, addresses.length, 'nothing comes twice')
  })

  test('silence: a server that takes connections and says nothing, not even hello', async t => {
    const { rude, clock, push, send } = await startRudeRig(t, stand, { bytes: Buffer.alloc(0), isBare: true })
    const sending = send(push())
    await rude.until(() => rude.connections > 0)
    const { kind } = await beforeDeadline(clock, sending)
    assert.ok(['failed', 'unsent'].includes(kind), kind)
  })

  for (const [name, bytes] of [
    ['a greeting of another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['a status line of another version', 'HTTP/3.0 200 OK\r\n\r\n'],
    ['rubbish', '\u0000\u00ff\u0015\u0003\u0001\r\n\r\n'],
    ['a head without an end', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(200_000)}`],
  ] as const) {
    test(`rubbish: ${name} is no answer`, async t => {
      for (const isBare of [true, false]) {
        const { rude, clock, push, send } = await startRudeRig(t, stand, {
          bytes: Buffer.from(bytes, 'latin1'),
          ...(isBare && { isBare }),
        })
        const sending = send(push())
        await rude.until(() => rude.connections > 0)
        const { kind } = await beforeDeadline(clock, sending)
        assert.ok(['failed', 'unsent'].includes(kind), kind)
      }
    })
  }
}

/** A server that works is used again within a few attempts. */
async function recovers(rig: Pick<Rig, 'send' | 'clock' | 'standIn'>): Promise<void> {
  const outcomes: Outcome[] = []
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const outcome = await onceReached(rig)
    if (outcome.kind === 'accepted') return
    outcomes.push(outcome)
  }
  assert.fail(`it does not recover: ${JSON.stringify(outcomes)}`)
}

/** The outcome of a push. Until the server has read it time passes: backoff between connections is the provider's own. */
async function onceReached({
  send,
  clock,
  standIn,
}: Pick<Rig, 'send' | 'clock' | 'standIn'>): Promise<Outcome> {
  const before = standIn.requests()
  let isOver = false
  const sending = send().finally(() => {
    isOver = true
  })
  while (!isOver && standIn.requests() === before) {
    clock.advance(BACKOFF_STEP_MS)
    await turn()
  }
  return sending
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Stand } from '../../support/stands/stand.ts'
import { startRig, startRudeRig } from './rig.ts'

export function refusalsContract(stand: Stand): void {
  test('dead token: unregistered, and no other device is', async t => {
    const { standIn, received, device, push, send } = await startRig(t, stand)
    const [dead, alive] = [device(), device()]
    await standIn.kill(dead.address)
    assert.equal((await send(push({ registration: dead.registration }))).kind, 'unregistered')
    assert.equal((await send(push({ registration: alive.registration }))).kind, 'accepted')
    assert.deepEqual(
      received.map(({ address }) => address),
      [alive.address],
    )
  })

  test('bad message: rejected, and the next one is taken', async t => {
    const { standIn, send } = await startRig(t, stand)
    standIn.next({ kind: 'bad-message' })
    const outcome = await send()
    assert.equal(outcome.kind, 'rejected')
    assert.ok(outcome.reason !== undefined && outcome.status !== undefined)
    assert.equal((await send()).kind, 'accepted')
  })

  test('wait: deferred for as long as it says', async t => {
    const { standIn, clock, send } = await startRig(t, stand)
    standIn.next({ kind: 'wait', seconds: 90 })
    const outcome = await send()
    assert.ok(outcome.kind === 'deferred')
    assert.equal(outcome.untilMs, clock.now() + 90_000)
    clock.advance(90_000)
    assert.equal((await send()).kind, 'accepted')
  })

  test('wait: deferred also when it does not say for how long', async t => {
    const { standIn, clock, send } = await startRig(t, stand)
    standIn.next({ kind: 'wait' })
    const outcome = await send()
    assert.ok(outcome.kind === 'deferred')
    clock.advance((outcome.untilMs ?? clock.now()) - clock.now())
    assert.equal((await send()).kind, 'accepted')
  })

  test('unknown words: by the status, verbatim, and reported', async t => {
    const { standIn, answered, unknown } = await startRudeRig(t, stand)
    const [word, other] = ['BrandnewWord', 'AnotherWord']
    const failed = await answered(standIn.wording(599, word))
    assert.deepEqual([failed.kind, failed.kind === 'failed' && failed.pace], ['failed', 'server'])
    const rejected = await answered(standIn.wording(418, other))
    assert.equal(rejected.kind, 'rejected')
    for (const [outcome, status, said] of [
      [failed, 599, word],
      [rejected, 418, other],
    ] as const) {
      assert.equal(outcome.status, status)
      const isSaid = standIn.wording(status, said).body?.toString().includes(said)
      assert.equal(outcome.reason, isSaid ? said : `HTTP ${status}`)
    }
    assert.deepEqual(unknown, [failed.reason, rejected.reason])
  })

  // Some have no credential of ours.
  const { wrongCredential } = stand
  const withCredential = wrongCredential === undefined ? () => {} : test
  withCredential(
    'credential: another one than ours costs no message, or only what belongs to another',
    async t => {
      const { received, send, push } = await startRig(t, stand, { credential: 'wrong' })
      const pushed = push()
      for (let attempt = 0; attempt < 2; attempt++) {
        const { kind, reason } = await send(pushed)
        assert.equal(kind, wrongCredential)
        assert.ok(reason !== undefined)
      }
      assert.deepEqual(received, [])
    },
  )

  test('ids: the same at every attempt', async t => {
    const { received, standIn, push, send } = await startRig(t, stand)
    const pushed = push()
    standIn.next({ kind: 'reset', received: true })
    assert.equal((await send(pushed)).kind, 'failed')
    assert.equal((await send(pushed)).kind, 'accepted')
    const [first, second] = received
    assert.deepEqual([first?.id, second?.id], [stand.idOf(pushed), stand.idOf(pushed)])
    assert.deepEqual(first, second, 'a repeat differs in nothing that is shown')
  })
}

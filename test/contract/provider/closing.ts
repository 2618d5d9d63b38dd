import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Stand } from '../../support/stands/stand.ts'
import { beforeDeadline, startRig, turn } from './rig.ts'

export function closingContract(stand: Stand): void {
  test('drain: closing waits for what is under way, and leaves neither connection nor timer', async t => {
    const { provider, standIn, clock, push, send, holdsOne, answerHeld } = await startRig(t, stand)
    standIn.always({ kind: 'delay' })
    const sending = send(push())
    await holdsOne()
    let isClosed = false
    const closing = provider.close().then(() => {
      isClosed = true
    })
    await turn()
    assert.ok(!isClosed)
    answerHeld()
    assert.equal((await sending).kind, 'accepted')
    await closing
    await standIn.until(() => standIn.openConnections() === 0)
    assert.equal(clock.pendingTimers(), 0)
  })

  test('drain: what was asked for in the moment of the close arrives, or is said not to have been sent', async t => {
    const { provider, received, standIn, clock, push, send } = await startRig(t, stand)
    assert.equal((await send()).kind, 'accepted')
    const sending = send(push())
    await provider.close()
    const { kind } = await sending
    assert.ok(['accepted', 'unsent'].includes(kind), kind)
    assert.equal(received.length, kind === 'accepted' ? 2 : 1)
    await standIn.until(() => standIn.openConnections() === 0)
    assert.equal(clock.pendingTimers(), 0)
  })

  test('drain: closing does not wait for ever for a server that hangs', async t => {
    const { provider, standIn, clock, push, send } = await startRig(t, stand)
    standIn.always({ kind: 'hang' })
    const sending = send(push())
    await standIn.until(() => standIn.requests() > 0)
    const closing = provider.close()
    assert.ok(['failed', 'unsent'].includes((await beforeDeadline(clock, sending)).kind))
    await closing
    await standIn.until(() => standIn.openConnections() === 0)
    assert.equal(clock.pendingTimers(), 0)
  })

  test('drain: closing twice, before anything and at the same time, is closing once', async t => {
    const { provider, clock } = await startRig(t, stand)
    await Promise.all([provider.close(), provider.close()])
    await provider.close()
    assert.equal(clock.pendingTimers(), 0)
  })

  test('drain: a push after the close is not sent, and is answered', async t => {
    const { provider, received, clock, push, send } = await startRig(t, stand)
    assert.equal((await send()).kind, 'accepted')
    const pushed = push()
    await provider.close()
    const outcome = await beforeDeadline(clock, send(pushed))
    assert.equal(outcome.kind, 'unsent')
    assert.equal(received.length, 1)
    assert.equal(clock.pendingTimers(), 0)
  })
}

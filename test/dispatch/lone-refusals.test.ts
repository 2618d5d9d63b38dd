import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LoneRefusals } from '../../src/dispatch/lone-refusals.ts'
import { FakeClock } from '../support/fake-clock.ts'

const SCOPE = 'http/K/production'
const BLOCKED = { kind: 'blocked', scope: SCOPE } as const
const MINUTE = 60_000
const [bob, bobsTablet, carol] = [
  { recipient: 'bob@localhost', device: 'phone1' },
  { recipient: 'bob@localhost', device: 'tablet' },
  { recipient: 'carol@localhost', device: 'phone1' },
]

function afterBobWasAlone() {
  const clock = new FakeClock(0)
  const refusals = new LoneRefusals(clock)
  assert.equal(refusals.refused(BLOCKED, bob), undefined)
  refusals.accepted([SCOPE], carol)
  return { clock, refusals, isAlone: (who = bob) => refusals.refused(BLOCKED, who) !== undefined }
}

describe('who is refused while others are accepted', () => {
  it('waits alone for five minutes each time, with every device', () => {
    const { clock, refusals } = afterBobWasAlone()
    for (const device of [bob, bobsTablet, bob])
      assert.equal(refusals.refused(BLOCKED, device), clock.now() + 5 * MINUTE)
    assert.equal(refusals.refused(BLOCKED, carol), undefined)
  })

  it('does so in this scope, and when our credential is what is refused', () => {
    const { refusals } = afterBobWasAlone()
    assert.equal(refusals.refused({ ...BLOCKED, scope: `${SCOPE}/topic` }, bob), undefined)
    for (const kind of ['unsent', 'deferred'] as const)
      assert.equal(refusals.refused({ ...BLOCKED, kind }, bob), undefined)
  })

  it('is known for an hour after the last refusal', () => {
    const { clock, isAlone } = afterBobWasAlone()
    clock.advance(59 * MINUTE)
    assert.ok(isAlone())
    clock.advance(59 * MINUTE)
    assert.ok(isAlone())
    clock.advance(60 * MINUTE)
    assert.ok(!isAlone())
  })

  it('is forgiven once that very device is accepted, and not by another one', () => {
    const { refusals, isAlone } = afterBobWasAlone()
    refusals.accepted([SCOPE], bobsTablet)
    assert.ok(isAlone())
    refusals.accepted([SCOPE], bob)
    assert.ok(!isAlone())
  })

  it('is nobody whose own device is the one that is accepted: the credential was mended', () => {
    const refusals = new LoneRefusals(new FakeClock())
    refusals.refused(BLOCKED, bob)
    refusals.accepted([SCOPE], bob)
    assert.equal(refusals.refused(BLOCKED, bob), undefined)
  })

  it('is forgotten when there are too many', () => {
    const { refusals, isAlone } = afterBobWasAlone()
    for (let other = 0; other < 1000; other++)
      refusals.refused(BLOCKED, { recipient: `${other}@localhost`, device: 'phone1' })
    refusals.accepted([SCOPE], carol)
    assert.ok(!isAlone())
  })
})

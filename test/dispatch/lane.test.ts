import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Lane } from '../../src/dispatch/lane.ts'
import type { ActiveDelivery } from '../../src/dispatch/round.ts'
import { ProviderShare, Window } from '../../src/dispatch/window.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const delivery = (number: number) => ({ revision: number }) as unknown as ActiveDelivery
const newLane = (share = new ProviderShare(new Window())) =>
  new Lane(['apns/K/production'], new ScriptedProvider(), share)

/** In a function of its own, whose variables are gone when it returns. */
function handOut(lane: Lane, number: number): WeakRef<ActiveDelivery> {
  lane.push(delivery(number))
  const begun = lane.begin()
  assert.ok(begun)
  return new WeakRef(begun)
}

describe('a lane', () => {
  it('hands out in order, and what is left all at once', () => {
    const lane = newLane()
    const room = lane.room()
    for (let number = 0; number < 5000; number++) lane.push(delivery(number))
    for (let number = 0; number < 3000; number++) {
      assert.equal(lane.begin()?.revision, number)
      lane.end()
    }
    const left = lane.takeAll().map(({ revision }) => revision)
    assert.deepEqual([left.length, left[0], left.at(-1)], [2000, 3000, 4999])
    assert.deepEqual([lane.begin(), lane.room()], [undefined, room])
  })

  it('keeps nothing of what it has handed out', async () => {
    const lane = newLane()
    const seen = Array.from({ length: 10 }, (_, number) => handOut(lane, number))
    // A WeakRef holds what was read through it until the turn is over.
    await new Promise(setImmediate)
    collectGarbage()
    assert.deepEqual(
      seen.map(ref => ref.deref()),
      Array(10).fill(undefined),
    )
    assert.equal(lane.inFlight(), 10)
  })

  it('is idle when nothing of it is in memory, and nothing is known to wait in the store', () => {
    const lane = newLane()
    assert.ok(lane.isIdle())
    lane.push(delivery(1))
    lane.begin()
    assert.ok(!lane.isIdle())
    lane.end()
    lane.startParking(false)
    assert.ok(!lane.isIdle())
    lane.endParking()
    assert.ok(lane.isIdle())
    lane.expectBacklog()
    assert.ok(!lane.isIdle())
  })
})

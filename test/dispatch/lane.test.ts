import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Lane } from '../../src/dispatch/lane.ts'
import type { ActiveDelivery } from '../../src/dispatch/round.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const delivery = (number: number) => ({ revision: number }) as unknown as ActiveDelivery
const newLane = (limit: number) => new Lane(['apns/K/production'], new ScriptedProvider(), limit)

/** In a function of its own, whose variables are gone when it returns. */
function handOut(lane: Lane, number: number): WeakRef<ActiveDelivery> {
  lane.push(delivery(number))
  const begun = lane.begin()
  assert.ok(begun)
  return new WeakRef(begun)
}

describe('a lane', () => {
  it('hands out in order, and what is left all at once', () => {
    const lane = newLane(5000)
    for (let number = 0; number < 5000; number++) lane.push(delivery(number))
    assert.equal(lane.room(), 0)
    for (let number = 0; number < 3000; number++) {
      assert.equal(lane.begin()?.revision, number)
      lane.end()
    }
    assert.equal(lane.room(), 3000)
    const left = lane.takeAll().map(({ revision }) => revision)
    assert.deepEqual([left.length, left[0], left.at(-1)], [2000, 3000, 4999])
    assert.deepEqual([lane.begin(), lane.room()], [undefined, 5000])
  })

  it('keeps nothing of what it has handed out', async () => {
    const lane = newLane(100)
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
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Loop } from '../../src/dispatch/loop.ts'
import { StoreUnavailableError } from '../../src/store/store-unavailable.ts'
import { createEvents } from '../../src/telemetry/events.ts'
import { FakeClock } from '../support/fake-clock.ts'

test('a turn that fails is tried again after a second; a store that is away is reported once, a bug each time', async () => {
  const clock = new FakeClock()
  const events = createEvents()
  const away = () => Promise.reject(new StoreUnavailableError('unreachable'))
  const bug = () => Promise.reject(new TypeError('a bug'))
  const well = () => Promise.resolve(1000)
  const turns = [away, away, away, bug, bug, away, well, away]
  let taken = 0
  const reported: number[] = []
  events.on('loop.failed', () => reported.push(taken))
  const loop = new Loop('test', () => (turns[taken++] ?? well)(), { clock, events })
  loop.start()
  for (let turn = 1; turn <= turns.length; turn++) {
    await new Promise(setImmediate)
    assert.equal(taken, turn)
    clock.advance(1000)
  }
  await loop.stop()
  assert.deepEqual(reported, [1, 4, 5, 6, 8])
})

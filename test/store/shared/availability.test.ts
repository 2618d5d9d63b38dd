import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Availability } from '../../../src/store/shared/availability.ts'
import { createEvents } from '../../../src/telemetry/events.ts'
import { FakeClock } from '../../support/fake-clock.ts'

test('is probed every second, however often something fails meanwhile, one probe at a time', async () => {
  const clock = new FakeClock()
  const probes: PromiseWithResolvers<void>[] = []
  const availability = new Availability({
    clock,
    events: createEvents(),
    probe() {
      const probe = Promise.withResolvers<void>()
      probes.push(probe)
      return probe.promise
    },
  })
  const failFor = (ms: number) => {
    for (let at = 0; at < ms; at += 100) {
      availability.failed('unreachable')
      clock.advance(100)
    }
  }
  failFor(5_000)
  assert.equal(probes.length, 1, 'the first is under way')
  probes[0]?.reject(new Error('still down'))
  await new Promise(setImmediate)
  failFor(1_000)
  assert.equal(probes.length, 2)
  availability.committed()
  probes[1]?.resolve()
  await new Promise(setImmediate)
  assert.deepEqual([availability.health(), clock.pendingTimers()], [{ writable: true }, 0])
})

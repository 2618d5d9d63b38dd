import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { createOutboxWatch } from '../../src/dispatch/outbox-watch.ts'
import { StoreUnavailableError } from '../../src/store/store-unavailable.ts'
import { createEvents } from '../../src/telemetry/events.ts'
import { FakeClock } from '../support/fake-clock.ts'

/** A watch of which every look is answered as the test says. */
function startWatch(t: TestContext, look: () => Promise<boolean>) {
  const clock = new FakeClock()
  const events = createEvents()
  const counts = { looks: 0, wakes: 0, dueWakes: 0, failures: 0 }
  events.on('loop.failed', () => counts.failures++)
  const watch = createOutboxWatch({
    store: {
      hasUnbegun: () => {
        counts.looks++
        return look()
      },
    },
    dispatcher: { wake: () => counts.wakes++, wakeForDue: () => counts.dueWakes++ },
    clock,
    events,
  })
  t.after(() => watch.stop())
  watch.start()
  const asleep = async () => {
    while (clock.pendingTimers() === 0) await new Promise(resolve => setImmediate(resolve))
  }
  /** One more look, to its end. */
  const next = async () => {
    await asleep()
    clock.advance(1_000)
    await asleep()
  }
  return { counts, next }
}

describe('the outbox of which other nodes tell nothing', () => {
  it('is looked at again and again, and wakes the dispatcher only when somebody has to begin', async t => {
    let isWaiting = false
    const { counts, next } = startWatch(t, async () => isWaiting)
    for (let looks = 0; looks < 5; looks++) await next()
    assert.deepEqual([counts.looks, counts.wakes], [6, 0])
    isWaiting = true
    await next()
    await next()
    isWaiting = false
    for (let looks = 0; looks < 5; looks++) await next()
    assert.equal(counts.wakes, 2)
  })

  it('also has what is due because of a change elsewhere', async t => {
    const { counts, next } = startWatch(t, async () => false)
    for (let looks = 0; looks < 60; looks++) await next()
    assert.equal(counts.dueWakes, 3)
  })

  it('is looked at again after an outage, of which the store has told, and a bug is reported', async t => {
    const answers = [
      Promise.reject(new StoreUnavailableError('unreachable')),
      Promise.reject(new Error('a bug')),
      Promise.resolve(true),
    ]
    for (const answer of answers) answer.catch(() => {})
    const { counts, next } = startWatch(t, () => answers.shift() ?? Promise.resolve(false))
    for (let looks = 0; looks < 4; looks++) await next()
    assert.deepEqual([counts.wakes, counts.failures], [1, 1])
  })
})

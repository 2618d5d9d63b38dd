import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OutboxCount } from '../../../src/store/sqlite/outbox-count.ts'

/** Counts how often it is counted, and takes its time. */
function harness() {
  let now = 0
  let counted = 0
  const count = new OutboxCount({ monotonic: () => now })
  return {
    passes: (ms: number) => {
      now += ms
    },
    ask: (pending: number, takesMs: number) =>
      count.of(() => {
        counted++
        now += takesMs
        return pending
      }),
    counted: () => counted,
  }
}

test('a usual outbox is counted whenever somebody asks, however long that takes', () => {
  const { ask, counted } = harness()
  assert.equal(ask(100_000, 50), 100_000)
  assert.equal(ask(99_999, 50), 99_999)
  assert.equal(counted(), 2)
})

test('a long one is counted a hundredth of the time', () => {
  const { ask, counted, passes } = harness()
  assert.equal(ask(1_000_000, 50), 1_000_000)
  passes(4_999)
  assert.equal(ask(900_000, 50), 1_000_000)
  assert.equal(counted(), 1)
  passes(1)
  assert.equal(ask(800_000, 50), 800_000)
  assert.equal(counted(), 2)
})

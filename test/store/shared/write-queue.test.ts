import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { WriteOperation } from '../../../src/store/shared/operations.ts'
import { WriteQueue } from '../../../src/store/shared/write-queue.ts'
import type { BatchReply } from '../../../src/store/sqlite/operations.ts'
import { StoreUnavailableError } from '../../../src/store/store-unavailable.ts'
import { entry } from '../../contract/store/fixtures.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const purge = (before: number): WriteOperation => ({ kind: 'purge', before, limit: 1 })
const settle = (messageId: string): WriteOperation => ({
  kind: 'settleLater',
  settlement: { messageId, recipient: 'a@b', round: 'later', results: [], at: 1 },
})

/** A queue whose batches a test commits by hand. */
function makeQueue() {
  const clock = new FakeClock()
  const commits: { operations: readonly WriteOperation[]; done: (error?: Error) => void }[] = []
  const queue = new WriteQueue({
    clock,
    settleDelayMs: 50,
    commit: operations => {
      const { promise, resolve, reject } = Promise.withResolvers<BatchReply>()
      const results = operations.map((_, index) => ({ ok: true as const, value: index }))
      commits.push({
        operations,
        done: error => (error ? reject(error) : resolve({ results, changes: new Map(), lease: 1 })),
      })
      return promise
    },
    onCommitted: () => {},
    onFailed: () => {},
  })
  return { clock, commits, queue }
}

test('what arrives in one turn, or while a batch is committed, shares a batch', async () => {
  const { commits, queue } = makeQueue()
  const first = [queue.submit(purge(1)), queue.submit(purge(2)), queue.submit(settle('m'))]
  await turn()
  assert.equal(commits.length, 1)
  const second = [queue.submit(purge(3))]
  await turn()
  second.push(queue.submit(purge(4)))
  await turn()
  assert.equal(commits.length, 1, 'one at a time')
  commits[0]?.done()
  assert.deepEqual(await Promise.all(first), [0, 1, 2])
  await turn()
  assert.deepEqual(commits[1]?.operations, [purge(3), purge(4)])
  commits[1]?.done()
  assert.deepEqual(await Promise.all(second), [0, 1])
})

test('settles alone wait for company, and no longer than the delay', async () => {
  const { clock, commits, queue } = makeQueue()
  const settles = [queue.submit(settle('a'))]
  clock.advance(49)
  settles.push(queue.submit(settle('b')))
  await turn()
  assert.equal(commits.length, 0)
  clock.advance(1)
  await turn()
  assert.deepEqual(commits[0]?.operations, [settle('a'), settle('b')])
  commits[0]?.done()
  await Promise.all(settles)
  assert.equal(clock.pendingTimers(), 0)
  const late = queue.submit(settle('c'))
  const company = queue.submit(purge(1))
  await turn()
  assert.equal(commits[1]?.operations.length, 2, 'nobody waits behind a settle')
  commits[1]?.done()
  await Promise.all([late, company])
  assert.equal(clock.pendingTimers(), 0)
})

test('many settles are company enough', async () => {
  const { commits, queue } = makeQueue()
  for (let i = 0; i < 500; i++) void queue.submit(settle(String(i)))
  await turn()
  assert.equal(commits[0]?.operations.length, 500)
})

test('batches are bounded, in messages', async () => {
  const { commits, queue } = makeQueue()
  const rows = Array.from({ length: 1000 }, () => ({ ...entry(), content: '{}', notes: null }))
  for (let i = 0; i < 3; i++) void queue.submit({ kind: 'accept', entries: rows })
  for (let i = 0; i < 2500; i++) void queue.submit(purge(i))
  await turn()
  assert.equal(commits[0]?.operations.length, 2)
  commits[0]?.done()
  await turn()
  await turn()
  assert.equal(commits[1]?.operations.length, 1001)
  commits[1]?.done()
  await turn()
  await turn()
  assert.equal(commits[2]?.operations.length, 1500)
})

test('a failed commit fails its operations and no others', async () => {
  const { commits, queue } = makeQueue()
  const failed = queue.submit(purge(1))
  await turn()
  const next = queue.submit(purge(2))
  commits[0]?.done(new StoreUnavailableError('disk-full'))
  await assert.rejects(failed, { reason: 'disk-full' })
  await turn()
  commits[1]?.done()
  assert.equal(await next, 0)
})

test('close waits for everything that was taken, and takes nothing more', async () => {
  const { commits, queue, clock } = makeQueue()
  const taken = queue.submit(settle('a'))
  const closed = queue.close()
  await assert.rejects(queue.submit(purge(1)), { reason: 'closed' })
  await turn()
  commits[0]?.done()
  assert.equal(await taken, 0)
  await closed
  assert.equal(clock.pendingTimers(), 0)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toError } from '../../../src/store/shared/failure.ts'
import { Fifo } from '../../../src/store/shared/fifo.ts'
import { Revisions } from '../../../src/store/shared/revisions.ts'
import { DedupeWindow } from '../../../src/store/sqlite/dedupe-window.ts'
import { toFailure } from '../../../src/store/sqlite/failure.ts'
import { RegistrationCache } from '../../../src/store/sqlite/registration-cache.ts'
import type { Sql } from '../../../src/store/sqlite/statements.ts'
import { StoreUnavailableError } from '../../../src/store/store-unavailable.ts'

test('the duplicate window is bounded in entries: the oldest are forgotten', () => {
  const window = new DedupeWindow(1000, 2)
  for (const key of ['a', 'b', 'c']) window.remember(key, `id-${key}`, 0)
  window.commit()
  assert.equal(window.find('a', 1), undefined)
  assert.equal(window.find('b', 1), 'id-b')
  assert.equal(window.find('c', 1), 'id-c')
})

test('the duplicate window forgets what was not committed, and nothing else', () => {
  const window = new DedupeWindow(1000, 10)
  window.remember('a', '1', 0)
  window.commit()
  window.remember('b', '2', 0)
  const savepoint = window.savepoint()
  window.remember('c', '3', 0)
  window.rollback(savepoint)
  assert.equal(window.find('c', 1), undefined)
  assert.equal(window.find('b', 1), '2')
  window.rollback(0)
  assert.equal(window.find('b', 1), undefined)
  assert.equal(window.find('a', 1), '1')
})

test('what is rolled back costs nothing its place in the duplicate window', () => {
  const window = new DedupeWindow(1000, 2)
  for (const key of ['a', 'b']) window.remember(key, key, 0)
  window.commit()
  for (const key of ['c', 'd']) window.remember(key, key, 1)
  window.rollback(0)
  assert.equal(window.find('a', 2), 'a')
  assert.equal(window.find('b', 2), 'b')
})

test('a clock that is far ahead for a moment does not empty the duplicate window', () => {
  const window = new DedupeWindow(1000, 100)
  for (let i = 0; i < 50; i++) window.remember(`k${i}`, `${i}`, i)
  window.commit()
  window.remember('late', 'x', 1_000_000)
  window.commit()
  assert.equal(window.find('k49', 100), '49')
})

test('the duplicate window forgets what is too old, also when a key came again', () => {
  const window = new DedupeWindow(1000, 100)
  for (const at of [0, 1500, 3000]) {
    window.remember('again', `id-${at}`, at)
    window.remember(`other-${at}`, 'x', at)
    window.commit()
  }
  assert.equal(window.find('again', 3001), 'id-3000')
  assert.equal(window.find('other-0', 1), undefined, 'not only too old, but gone')
})

test('first in, first out, over many more than are kept', () => {
  const fifo = new Fifo<number>()
  assert.equal(fifo.shift(), undefined)
  for (let i = 0; i < 5000; i++) {
    fifo.push(i)
    if (fifo.length > 3) assert.equal(fifo.shift(), i - 3)
  }
  assert.deepEqual(
    [fifo.length, fifo.peek(), fifo.shift(), fifo.shift(), fifo.shift()],
    [3, 4997, 4997, 4998, 4999],
  )
  assert.deepEqual([fifo.shift(), fifo.peek(), fifo.length], [undefined, undefined, 0])
})

/** Counts reads; every recipient has so many registrations as its name says. */
function countingSql(): { sql: Sql; reads: string[] } {
  const reads: string[] = []
  const all = (recipient: string) => {
    reads.push(recipient)
    return Array.from({ length: Number(recipient) }, () => [])
  }
  return { sql: () => ({ setReturnArrays() {}, all }) as never, reads }
}

test('the registrations that the writer keeps are bounded in registrations, not in recipients', () => {
  const { sql, reads } = countingSql()
  const cache = new RegistrationCache(sql, 10)
  for (const recipient of ['6', '4', '6']) cache.of(recipient)
  assert.deepEqual(reads, ['6', '4'])
  cache.of('1')
  cache.of('4')
  cache.of('6')
  assert.deepEqual(reads, ['6', '4', '1', '6'], 'the oldest went')
  cache.forget('6')
  cache.of('6')
  assert.equal(reads.length, 5)
  cache.of('20')
  assert.equal(cache.of('20').skipped.length, 20, 'one alone may be larger')
  assert.equal(reads.length, 6)
})

test('a clock that goes back makes no duplicate a new message', () => {
  const window = new DedupeWindow(1000, 10)
  window.remember('a', '1', 5000)
  assert.equal(window.find('a', 4000), '1')
})

test('revisions: where a change was forgotten, what was read before it is stale', () => {
  const revisions = new Revisions(2)
  revisions.restart(100)
  revisions.record(new Map([['a', 101]]))
  revisions.record(new Map([['b', 102]]))
  assert.equal(revisions.isStale('c', 100), false)
  revisions.record(new Map([['c', 103]]))
  assert.equal(revisions.isStale('a', 100), true)
  assert.equal(revisions.isStale('d', 100), true, 'too often, never too seldom')
  assert.equal(revisions.isStale('a', 101), false)
  assert.equal(revisions.isStale('b', 101), true)
  assert.equal(revisions.isStale('b', 102), false)
  assert.equal(revisions.latest, 103)
})

test('revisions: one recipient that changes again and again costs no memory', () => {
  const revisions = new Revisions(2)
  for (const revision of [1, 2, 3, 4]) revisions.record(new Map([['a', revision]]))
  assert.equal(revisions.isStale('b', 0), false, 'only old changes of the same were forgotten')
  assert.equal(revisions.isStale('a', 3), true)
  assert.equal(revisions.isStale('a', 4), false)
})

test('revisions: a new writer makes everything stale that was read before it', () => {
  const revisions = new Revisions()
  revisions.restart(100)
  revisions.restart(200)
  assert.equal(revisions.isStale('a', 199), true)
  assert.equal(revisions.isStale('a', 200), false)
})

test('failures: the disk is told from a bug by the primary result code, whatever the extended one', () => {
  const reasonOf = (errcode: number) => toFailure(Object.assign(new Error(), { errcode })).reason
  assert.equal(reasonOf(13), 'disk-full')
  assert.equal(reasonOf(8 | (4 << 8)), 'read-only')
  assert.equal(reasonOf(10 | (3 << 8)), 'io-error')
  assert.equal(reasonOf(11), 'corrupt')
  assert.equal(reasonOf(19), undefined)
  assert(toError({ reason: 'corrupt', message: 'x' }) instanceof StoreUnavailableError)
  assert(!(toError({ message: 'x' }) instanceof StoreUnavailableError))
  assert.equal(toFailure('text').message, 'unknown error')
})

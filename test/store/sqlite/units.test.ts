import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DedupeWindow } from '../../../src/store/sqlite/dedupe-window.ts'
import { toError, toFailure } from '../../../src/store/sqlite/failure.ts'
import { Revisions } from '../../../src/store/sqlite/revisions.ts'
import { StoreUnavailableError } from '../../../src/store/store.ts'

test('the duplicate window is bounded in entries: the oldest are forgotten', () => {
  const window = new DedupeWindow(1000, 2)
  for (const key of ['a', 'b', 'c']) window.remember(key, `id-${key}`, 0)
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

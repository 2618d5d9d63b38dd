import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DatabaseError } from 'pg'
import type { Connection } from '../../../src/store/postgres/connection.ts'
import { Incarnations } from '../../../src/store/postgres/incarnations.ts'
import { Partitions } from '../../../src/store/postgres/partitions.ts'
import { Writer, type WriterOptions } from '../../../src/store/postgres/writer.ts'
import { Revisions } from '../../../src/store/shared/revisions.ts'
import { FakeClock } from '../../support/fake-clock.ts'

test('a connection is made once, also when a commit and a probe need it at the same time', async () => {
  const isReachable = Promise.withResolvers<void>()
  let opened = 0
  const open = async () => {
    opened++
    await isReachable.promise
    return { isOpen: true } as Connection
  }
  const writer = new Writer({ open } as WriterOptions)
  const reached = [writer.reach(), writer.reach()]
  isReachable.resolve()
  await Promise.all(reached)
  assert.equal(opened, 1)
})

test('a commit that fails does not wait for a goodbye: nobody may be there any more to answer it', async () => {
  const timeout = Object.assign(new DatabaseError('canceling statement', 20, 'error'), { code: '57014' })
  const connection = {
    isOpen: true,
    query: () => Promise.reject(timeout),
    close: () => new Promise<void>(() => {}),
  } as unknown as Connection
  const open = async () => connection
  const writer = new Writer({
    ...{ open, clock: new FakeClock(), revisions: new Revisions(), dedupeWindowMs: 0 },
    ...{ channel: 'c', origin: 'o', onUnavailable: () => {} },
    incarnations: new Incarnations(() => 0),
    partitions: new Partitions({ widthMs: 1, open }),
  })
  const commit = writer.commit([{ kind: 'markProven', scope: 'a' }])
  await assert.rejects(commit, { name: 'StoreUnavailableError', reason: 'timeout' })
})

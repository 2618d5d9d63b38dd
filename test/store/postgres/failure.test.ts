import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DatabaseError } from 'pg'
import { judge } from '../../../src/store/postgres/failure.ts'

test('a session that was ended because it was stopped within a transaction is lost, and no operation is to blame', () => {
  for (const code of ['25P03', '25P04']) {
    const error = Object.assign(new DatabaseError('terminating connection', 23, 'error'), { code })
    assert.equal(judge(error).next, 'lost')
  }
})

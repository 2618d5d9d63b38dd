import assert from 'node:assert/strict'
import { test } from 'node:test'
import { postgresSkip } from '../../support/postgres-cluster.ts'

// A skipped suite is not counted by the runner; this one is, so that nobody believes that all have run.
test('PostgreSQL is installed, which the store is tried with', { skip: postgresSkip }, () => {
  assert.equal(postgresSkip, false)
})

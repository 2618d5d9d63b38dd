import assert from 'node:assert/strict'
import { test } from 'node:test'
import { installation, skip } from './support/requirements.ts'

// A skipped suite is not counted by the runner; this one is, so that nobody believes that all have run.
test('what the tests with a real ejabberd need is installed', { skip }, () => {
  assert.ok(installation)
})

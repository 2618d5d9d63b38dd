import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { KINDS, missing, NGHTTPD } from './support/kinds.ts'

// A skipped suite is not counted by the runner; these are, so that nobody believes that all have run.
for (const server of [...KINDS, NGHTTPD])
  test(`${server.name} is installed, which the engine is tried with`, { skip: missing(server) }, () => {
    assert.ok(existsSync(server.binary))
  })

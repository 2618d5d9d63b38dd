import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeConfig } from '../../src/config/describe-config.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { apns } from '../../src/providers/apns/apns.ts'
import { BASE, sourcesOf } from './support.ts'

test('PostgreSQL, and its password is never shown', () => {
  const urls = [
    'postgres://relay:pass%40word@db.example.org:5433/relay?sslmode=verify-full',
    'postgresql://relay@db.example.org/relay',
    'postgres://relay:password@%2Frun%2Fpostgresql/relay',
    'postgres://relay@localhost/relay?host=/run/postgresql',
  ]
  for (const url of urls) {
    const result = readConfig({ ...BASE, RELAY_STORE: url }, [apns], sourcesOf({}))
    assert.ok(result.ok)
    assert.deepEqual(result.config.store, { kind: 'postgres', url })
    const shown = describeConfig(result.config, [apns]).join()
    assert.match(shown, /postgres(ql)?:\/\/relay@/)
    assert.doesNotMatch(shown, /pass%40word|pass@word|:password@/)
  }
})

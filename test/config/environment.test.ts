import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readEnvironment } from '../../src/config/environment.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test('the real environment wins over .env, unless it is blank there', t => {
  const directory = temporaryDirectory(t)
  writeFileSync(
    join(directory, '.env'),
    'RELAY_PORT=1\nRELAY_HOST=192.0.2.1\nRELAY_XMPP_DOMAIN=example.org\n',
  )
  const given = { RELAY_PORT: '2', RELAY_HOST: '', RELAY_XMPP_DOMAIN: ' ', RELAY_PREVIEW: '' }
  t.after(() => {
    for (const name of Object.keys(given)) delete process.env[name]
  })
  Object.assign(process.env, given)
  const { relay, hasDotEnv } = readEnvironment(directory)
  assert.deepEqual(relay, { RELAY_PORT: '2', RELAY_HOST: '192.0.2.1', RELAY_XMPP_DOMAIN: 'example.org' })
  assert.equal(hasDotEnv, true)
})

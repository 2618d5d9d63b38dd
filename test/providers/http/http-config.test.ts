import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Problems } from '../../../src/config/problems.ts'
import { Reading } from '../../../src/config/reading.ts'
import { systemClock } from '../../../src/domain/clock.ts'
import {
  describeHttpConfig,
  HTTP_VARIABLES,
  type HttpConfig,
  readHttpConfig,
} from '../../../src/providers/http/http-config.ts'
import { SECRET } from './support.ts'

function read(env: Record<string, string>): { config: HttpConfig | undefined; problems: string[] } {
  const problems = new Problems()
  const sources = {
    now: systemClock.now,
    readFile: () => {
      throw new Error('no file is named')
    },
  }
  const config = readHttpConfig(new Reading(HTTP_VARIABLES, { env, sources, problems }))
  return { config, problems: problems.lines }
}

const GOOD = { RELAY_HTTP_URL: 'https://push.example.org/hooks/s3cr3t?key=k3y', RELAY_HTTP_SECRET: SECRET }

test('a URL and a secret turn it on, nothing is off', () => {
  const { config, problems } = read(GOOD)
  assert.deepEqual(problems, [])
  assert.equal(config?.url.href, GOOD.RELAY_HTTP_URL)
  assert.deepEqual(config?.key, Buffer.alloc(32, 'k'))
  assert.deepEqual(read({}), { config: undefined, problems: [] })
})

test('one without the other is a slip', () => {
  for (const [key, other] of [
    ['RELAY_HTTP_URL', 'RELAY_HTTP_SECRET'],
    ['RELAY_HTTP_SECRET', 'RELAY_HTTP_URL'],
  ] as const) {
    const { config, problems } = read({ [key]: GOOD[key] })
    assert.equal(config, undefined)
    assert.deepEqual(problems, [`${other}: is missing: ${key} needs it`])
  }
})

test('plain HTTP is for this machine only', () => {
  const urls = [
    'http://localhost:9000/push',
    'http://127.0.0.1/',
    'http://[::1]:9000/?a=b',
    'https://a.example',
  ]
  for (const url of urls) assert.deepEqual(read({ ...GOOD, RELAY_HTTP_URL: url }).problems, [], url)
  const bad = [
    'http://push.example.org/',
    'http://localhost.example.org/',
    'http://127.0.0.1.example.org/',
    'http://10.0.0.1/',
    'ftp://localhost/',
    'https://user:password@push.example.org/',
    'https://push.example.org/#part',
    'push.example.org',
  ]
  for (const url of bad) {
    const { config, problems } = read({ ...GOOD, RELAY_HTTP_URL: url })
    assert.equal(config, undefined)
    assert.match(problems.join('\n'), /^RELAY_HTTP_URL: must [^\n]*$/, url)
  }
})

test('a secret that guards nothing is refused', () => {
  const { config, problems } = read({ ...GOOD, RELAY_HTTP_SECRET: 'changeme' })
  assert.equal(config, undefined)
  assert.match(problems.join('\n'), /^RELAY_HTTP_SECRET: must be 32 to 256 [^\n]*$/)
})

test('the description shows neither the secret nor what may be secret in the URL', () => {
  const { config } = read(GOOD)
  assert.ok(config)
  const { url, secret } = describeHttpConfig(config)
  assert.match(url, /^https:\/\/push\.example\.org\/… #[0-9a-f]{12}$/)
  assert.match(secret, /^HMAC key #[0-9a-f]{12}$/)
  const bare = read({ ...GOOD, RELAY_HTTP_URL: 'https://push.example.org' }).config
  assert.equal(bare && describeHttpConfig(bare).url, 'https://push.example.org')
})

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { emptyDirectory, pushRelay } from './support.ts'

const VALID = {
  RELAY_HOOK_TOKENS: 'hook-secret-0000000001',
  RELAY_ADMIN_TOKENS: 'admin-secret-000000001',
  RELAY_APNS_ENVIRONMENT: 'simulator',
  RELAY_APNS_TOPICS: 'com.example.chat',
}

test('--version, help and no command at all', async t => {
  const directory = emptyDirectory(t)
  const version = await pushRelay(directory, ['--version'])
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
  assert.equal(version.code, 0)
  for (const args of [['help'], ['--help'], ['-h'], []]) {
    const help = await pushRelay(directory, args)
    assert.equal(help.code, 0)
    for (const command of ['serve', 'check-config', 'check-store', 'vapid-keys', 'simulator']) {
      assert.ok(help.stdout.includes(`  ${command} `), command)
    }
  }
})

test('an unknown command or option is one line and exit code 2', async t => {
  const directory = emptyDirectory(t)
  for (const args of [['server'], ['--port', '80'], ['serve', 'now'], ['toString']]) {
    const ended = await pushRelay(directory, args)
    assert.equal(ended.code, 2)
    assert.match(ended.stderr, /^push-relay: unknown command or option; one of: serve, .*\n$/)
    assert.equal(ended.stdout, '')
  }
})

test('check-config shows the configuration without secrets', async t => {
  const ended = await pushRelay(emptyDirectory(t), ['check-config'], { env: VALID })
  assert.equal(ended.code, 0, ended.stderr)
  assert.match(ended.stdout, /^RELAY_HOST +127\.0\.0\.1$/m)
  assert.match(ended.stdout, /^RELAY_HOOK_TOKENS +1 \(#[0-9a-f]{12} for every domain\)$/m)
  assert.doesNotMatch(ended.stdout, /secret/)
})

test('vapid-keys prints two lines for .env, and check-config takes them', async t => {
  const directory = emptyDirectory(t)
  const made = await pushRelay(directory, ['vapid-keys'])
  assert.equal(made.code, 0, made.stderr)
  const lines = /^RELAY_WEBPUSH_PUBLIC_KEY=([\w-]{87})\nRELAY_WEBPUSH_PRIVATE_KEY=([\w-]{43})\n$/
  const [, publicKey = '', privateKey = ''] = lines.exec(made.stdout) ?? []
  const subject = 'RELAY_WEBPUSH_SUBJECT=mailto:admin@example.org\n'
  writeFileSync(join(directory, '.env'), `${made.stdout}${subject}`)
  const ended = await pushRelay(directory, ['check-config'], { env: VALID })
  assert.equal(ended.code, 0, ended.stderr)
  assert.ok(publicKey !== '' && ended.stdout.includes(publicKey))
  assert.ok(privateKey !== '' && !ended.stdout.includes(privateKey))
  const again = await pushRelay(directory, ['vapid-keys'])
  assert.notEqual(again.stdout, made.stdout)
})

test('check-config reports every problem at once, on stderr, with exit code 1', async t => {
  const directory = emptyDirectory(t)
  const ended = await pushRelay(directory, ['check-config'], {
    env: { RELAY_PORT: 'x-secret', RELAY_FOO: 'secret' },
  })
  assert.equal(ended.code, 1)
  assert.equal(ended.stdout, '')
  for (const name of [
    'RELAY_PORT',
    'RELAY_FOO',
    'RELAY_HOOK_TOKENS',
    'RELAY_ADMIN_TOKENS',
    'RELAY_APNS_TOPICS',
  ]) {
    assert.match(ended.stderr, new RegExp(`^ {2}${name}: `, 'm'))
  }
  assert.doesNotMatch(ended.stderr, /secret|^ +at /m)
  assert.ok(!existsSync(join(directory, '.env')))
})

test('.env is read, and the real environment wins over it', async t => {
  const directory = emptyDirectory(t)
  const lines = Object.entries({ ...VALID, RELAY_PORT: '1111', RELAY_MAX_DEVICES: '7' })
  writeFileSync(join(directory, '.env'), lines.map(([name, text]) => `${name}=${text}`).join('\n'))
  const ended = await pushRelay(directory, ['check-config'], { env: { RELAY_PORT: '2222' } })
  assert.match(ended.stdout, /^RELAY_PORT +2222$/m)
  assert.match(ended.stdout, /^RELAY_MAX_DEVICES +7$/m)
})

test('a .env that cannot be read is one readable line', async t => {
  const directory = emptyDirectory(t)
  mkdirSync(join(directory, '.env'))
  const ended = await pushRelay(directory, ['serve'])
  assert.equal(ended.code, 1)
  assert.match(ended.stderr, /^push-relay cannot start: the file \.env cannot be read \(EISDIR\).*\n$/)
})

test('serve invents nothing in production: it lists what is missing', async t => {
  const directory = emptyDirectory(t)
  const ended = await pushRelay(directory, ['serve'], { env: { NODE_ENV: 'production' } })
  assert.equal(ended.code, 1)
  assert.match(ended.stderr, /RELAY_HOOK_TOKENS: is required and missing/)
  assert.match(ended.stderr, /NODE_ENV is production/)
  assert.ok(!existsSync(join(directory, '.env')) && !existsSync(join(directory, 'data')))
})

test('serve invents nothing beside a database: its .env is lost, not new', async t => {
  const directory = emptyDirectory(t)
  mkdirSync(join(directory, 'data'))
  writeFileSync(join(directory, 'data/relay.db'), 'precious')
  const ended = await pushRelay(directory, ['serve'])
  assert.equal(ended.code, 1)
  assert.match(ended.stderr, /there is a database already/)
  assert.ok(!existsSync(join(directory, '.env')))
  assert.equal(readFileSync(join(directory, 'data/relay.db'), 'utf8'), 'precious')
})

test('serve with a port in use is one readable report', async t => {
  const taken = createServer()
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
  t.after(() => taken.close())
  const { port } = taken.address() as { port: number }
  const env = { ...VALID, RELAY_PORT: String(port), RELAY_SIMULATOR_PORT: '0' }
  const ended = await pushRelay(emptyDirectory(t), ['serve'], { env })
  assert.equal(ended.code, 1)
  assert.match(ended.stderr, /^push-relay cannot start: .*is the relay.s own: put RELAY_PORT=\d+ into .env/m)
  assert.doesNotMatch(ended.stderr, /^ +at /m)
})

test('serve with a damaged database is one line, and leaves it as it is', async t => {
  const directory = emptyDirectory(t)
  const path = join(directory, 'relay.db')
  writeFileSync(path, 'this is not a database, and long enough to look at')
  const env = { ...VALID, RELAY_PORT: '0', RELAY_SIMULATOR_PORT: '0', RELAY_STORE: `sqlite:${path}` }
  const ended = await pushRelay(directory, ['serve'], { env })
  assert.equal(ended.code, 1)
  assert.match(
    ended.stderr,
    /^push-relay cannot start: [^\n]*relay\.db cannot be used: file is not a database\n$/,
  )
  assert.equal(readFileSync(path, 'utf8'), 'this is not a database, and long enough to look at')
})

test('check-store: a sound file, a damaged one, none', async t => {
  const directory = emptyDirectory(t)
  const missing = await pushRelay(directory, ['check-store'], { env: { RELAY_STORE: 'sqlite:none.db' } })
  assert.equal(missing.code, 1)
  assert.match(missing.stderr, /does not exist/)
  writeFileSync(join(directory, 'bad.db'), 'this is not a database, and long enough to look at')
  const damaged = await pushRelay(directory, ['check-store'], { env: { RELAY_STORE: 'sqlite:bad.db' } })
  assert.equal(damaged.code, 1)
  assert.doesNotMatch(damaged.stderr, /^ +at /m)
  assert.equal((await pushRelay(directory, ['check-store'], { env: { RELAY_STORE: 'bad.db' } })).code, 1)
})

test('first-steps refuses where the first start was not', async t => {
  const ended = await pushRelay(emptyDirectory(t), ['first-steps'], { env: VALID })
  assert.equal(ended.code, 1)
  assert.match(ended.stderr, /^first-steps: works only with what the first start sets up/)
})

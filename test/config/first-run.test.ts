import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseEnv } from 'node:util'
import { jwtVerify } from 'jose'
import { decideFirstRun, FIRST_RUN_REPORT, writeFirstRun } from '../../src/config/first-run.ts'
import { firstRunCommands } from '../../src/config/first-run-commands.ts'
import { type ConfigSources, systemSources } from '../../src/config/key-file.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { PROVIDERS } from '../../src/providers/providers.ts'

const FRESH = { relay: {}, hasDotEnv: false, isProduction: false }

function directoryFor(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'first-run-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

function read(directory: string, file: string): string {
  return readFileSync(join(directory, file), 'utf8')
}

function configIn(directory: string) {
  const sources: ConfigSources = { ...systemSources, readFile: path => readFileSync(join(directory, path)) }
  const result = readConfig(parseEnv(read(directory, '.env')), PROVIDERS, sources)
  assert.ok(result.ok, result.ok ? '' : result.problems.join('\n'))
  return result.config
}

test('runs only where nothing is configured', t => {
  const directory = directoryFor(t)
  assert.equal(decideFirstRun(FRESH, directory).run, 'yes')
  assert.equal(decideFirstRun({ ...FRESH, hasDotEnv: true }, directory).run, 'no')
  assert.equal(decideFirstRun({ ...FRESH, relay: { RELAY_STORE: '' } }, directory).run, 'refused')
  assert.equal(decideFirstRun({ ...FRESH, isProduction: true }, directory).run, 'refused')
  mkdirSync(join(directory, 'data'))
  writeFileSync(join(directory, 'data/relay.db'), '')
  assert.equal(decideFirstRun(FRESH, directory).run, 'refused')
})

const PLACE = {
  RELAY_PORT: '18090',
  RELAY_HOST: ' ::1 ',
  RELAY_SIMULATOR_PORT: '18091',
  RELAY_LOG_LEVEL: 'debug',
}

test('where to listen and what to log may be given, and is kept', async t => {
  const directory = directoryFor(t)
  assert.equal(decideFirstRun({ ...FRESH, relay: { ...PLACE, RELAY_HOST: '' } }, directory).run, 'yes')
  await writeFirstRun(directory, PLACE)
  const { port, host, simulatorPort, logLevel } = configIn(directory)
  assert.deepEqual([port, host, simulatorPort, logLevel], [18090, '::1', 18091, 'debug'])
})

test('what would not work is not written down', t => {
  const relay = { ...PLACE, RELAY_PORT: '80\nRELAY_ADMIN_TOKENS=x', RELAY_PREVIEW: 'none' }
  const decision = decideFirstRun({ ...FRESH, relay }, directoryFor(t))
  assert.deepEqual(decision, {
    run: 'refused',
    reason: 'nothing is made up here, because of RELAY_PORT, RELAY_PREVIEW',
  })
})

test('writes a configuration that is valid, private and different each time', async t => {
  const [one, two] = [directoryFor(t), directoryFor(t)]
  await writeFirstRun(one)
  await writeFirstRun(two)
  const config = configIn(one)
  assert.ok(config.isSimulated)
  assert.equal(config.xmppDomain, 'localhost')
  assert.deepEqual(config.store, { kind: 'sqlite', path: './data/relay.db' })
  for (const file of ['.env', 'data/jwt.jwk', 'data/bob.jwt']) {
    assert.equal(statSync(join(one, file)).mode & 0o777, 0o600, file)
    assert.notEqual(read(one, file), read(two, file), file)
  }
  assert.equal(statSync(join(one, 'data')).mode & 0o777, 0o700)
  assert.notDeepEqual(config.hookTokens, configIn(two).hookTokens)
  assert.notDeepEqual(config.adminTokens, configIn(two).adminTokens)
})

test('the sample JWT is signed with the written key and names the sample user', async t => {
  const directory = directoryFor(t)
  await writeFirstRun(directory)
  const [key] = configIn(directory).jwt?.keys ?? []
  assert.equal(key?.domain, 'localhost')
  const secret = Buffer.from(key?.jwk.k ?? '', 'base64url')
  const { payload } = await jwtVerify(read(directory, 'data/bob.jwt').trim(), secret, {
    algorithms: ['HS256'],
    requiredClaims: ['exp'],
  })
  assert.equal(payload.jid, 'bob@localhost')
})

test('never overwrites a .env', async t => {
  const directory = directoryFor(t)
  writeFileSync(join(directory, '.env'), 'RELAY_PORT=1\n')
  await assert.rejects(writeFirstRun(directory), { code: 'EEXIST' })
  assert.equal(read(directory, '.env'), 'RELAY_PORT=1\n')
})

test('continues after an interrupted first run, keeping its key', async t => {
  const directory = directoryFor(t)
  await writeFirstRun(directory)
  const key = read(directory, 'data/jwt.jwk')
  rmSync(join(directory, '.env'))
  await writeFirstRun(directory)
  assert.equal(read(directory, 'data/jwt.jwk'), key)
  configIn(directory)
})

test('a key file that is no key is left alone, and not quoted', async t => {
  const directory = directoryFor(t)
  mkdirSync(join(directory, 'data'))
  writeFileSync(join(directory, 'data/jwt.jwk'), '{"k":"half-a-secret')
  await assert.rejects(writeFirstRun(directory), (error: Error) => {
    assert.match(error.message, /data\/jwt\.jwk exists but is not an HS256 key/)
    return !error.message.includes('half-a-secret')
  })
  assert.equal(read(directory, 'data/jwt.jwk'), '{"k":"half-a-secret')
})

test('what is printed holds no credential, and nothing that a terminal trips over', async t => {
  const directory = directoryFor(t)
  await writeFirstRun(directory)
  const config = configIn(directory)
  const printed = FIRST_RUN_REPORT + firstRunCommands(config)
  const secrets = [
    config.hookTokens[0]!.token,
    config.adminTokens[0]!,
    config.jwt!.keys[0]!.jwk.k!,
    read(directory, 'data/bob.jwt').trim(),
  ]
  for (const secret of secrets) assert.ok(!printed.includes(secret))
  // bash expands ! in a pasted line, zsh takes # for a command.
  assert.doesNotMatch(firstRunCommands(config), /[!#]/)
})

test('the commands reach a relay that listens elsewhere', async t => {
  const directory = directoryFor(t)
  await writeFirstRun(directory)
  const config = configIn(directory)
  assert.match(firstRunCommands({ ...config, host: '0.0.0.0', port: 9 }), /http:\/\/127\.0\.0\.1:9\/v1/)
  assert.match(firstRunCommands({ ...config, host: '::1', port: 9 }), /http:\/\/\[::1\]:9\/v1/)
  assert.match(firstRunCommands({ ...config, simulatorPort: 7 }), /http:\/\/127\.0\.0\.1:7\/phones/)
})

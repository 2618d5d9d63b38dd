import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, it, type TestContext, test } from 'node:test'
import { fillWithEverything, inFile, makeFile, openFile, TEXT } from '../move/support.ts'
import { makeDatabase, sharedCluster } from '../store/postgres/support.ts'
import { postgresSkip } from '../support/postgres-cluster.ts'
import { BIN, emptyDirectory, pushRelay } from './support.ts'

const REGISTRATIONS = 40_000
const MESSAGES = 20_000

/** As a relay with many accounts, half of which have a message that waits, would have left it. */
const MANY = `
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${REGISTRATIONS})
  INSERT INTO registration (recipient, device, kind, provider, token, app, environment, environment_source, registered_at,
    state, strikes, version, first_version)
  SELECT 'user' || i || '@example.org', 'phone', 'alert', 'apns', 'many' || i, 'org.example.chat', 'production', 'default', 1,
    'active', 0, i, i FROM n;
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MESSAGES})
  INSERT INTO message (id, recipient, sender, type, content, state, stage, lease, received_at, expires_at)
  SELECT printf('01900000-0000-7000-8000-%012x', i), 'user' || i || '@example.org', 'alice@example.org', 'chat',
    '{"body":"${TEXT}"}', 'pending', 1, 0, 1, 9e12 FROM n;
  INSERT INTO delivery (message_id, device, kind, scope, run_at, lease, expires_at, record)
  SELECT id, 'phone', 'alert', 'apns', 1, 0, expires_at, '{"device":"phone"}' FROM message WHERE id LIKE '01900000-0000-7%';`

async function largeFile(t: TestContext): Promise<string> {
  const path = await makeFile(t, fillWithEverything)
  inFile(path, db => db.exec(`BEGIN; ${MANY}; COMMIT`))
  return path
}

/** A move that is killed once it has come so far; answers what it had said. */
async function killedMove(
  directory: string,
  args: string[],
  { cameSoFar }: { cameSoFar: () => Promise<boolean> },
): Promise<string> {
  const child = spawn(process.execPath, [BIN, 'move', ...args], {
    cwd: directory,
    env: {},
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(child, 'exit')
  let said = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    said += text
  })
  while (child.exitCode === null && !(await cameSoFar()));
  child.kill('SIGKILL')
  const [, signal] = await exited
  assert.equal(signal, 'SIGKILL', said)
  return said
}

describe('push-relay move', { skip: postgresSkip }, () => {
  it('comes to its end although it is killed again and again, and says nothing of what it moves', async t => {
    const path = await largeFile(t)
    const url = await makeDatabase()
    const directory = emptyDirectory(t)
    const database = new URL(url).pathname.slice(1)
    const cluster = await sharedCluster()
    const args = ['--from', `sqlite:${path}`, '--to', url]
    const positions = async (): Promise<Record<string, string | null>> => {
      const rows = await cluster.query('SELECT * FROM push_relay.moved_from', database)
      assert.ok(rows.every(({ finished_at: finishedAt }) => finishedAt === null))
      return JSON.parse(String(rows[0]?.positions ?? '{}'))
    }
    let output = ''
    for (const table of ['registration', 'delivery', 'outbox']) {
      // In the middle of it.
      const cameSoFar = async () => typeof (await positions())[table] === 'string'
      output += await killedMove(directory, args, { cameSoFar })
    }
    const isCopied = async () => (await positions()).outbox === null
    output += await killedMove(directory, args, { cameSoFar: isCopied })
    const env = { RELAY_STORE: url }
    const ended = await pushRelay(directory, ['move', '--from', `sqlite:${path}`], { env })
    output += ended.stdout + ended.stderr
    assert.equal(ended.code, 0, output)
    assert.match(
      ended.stdout,
      new RegExp(`^moved: ${REGISTRATIONS + 9} registrations, ${MESSAGES + 5} pending messages, `),
    )
    assert.match(ended.stderr, new RegExp(`^outbox: ${MESSAGES + 5} of ${MESSAGES + 5} verified$`, 'm'))
    const [counts] = await cluster.query(
      `SELECT (SELECT count(*)::integer FROM push_relay.registration) AS registrations,
        (SELECT count(*)::integer FROM push_relay.outbox) AS messages,
        (SELECT count(*)::integer FROM push_relay.delivery) AS deliveries`,
      database,
    )
    assert.deepEqual(counts, {
      registrations: REGISTRATIONS + 9,
      messages: MESSAGES + 5,
      deliveries: MESSAGES + 3,
    })
    const again = await pushRelay(directory, ['move', ...args])
    assert.equal(again.code, 0)
    assert.match(again.stdout, /^was moved already: /)
    for (const secret of [TEXT, 'example.org', 'many1', 'key of hashes', new URL(url).password]) {
      assert.ok(!output.includes(secret), secret)
    }
  })

  it('says what is wrong in one line', async t => {
    const path = await makeFile(t)
    const url = await makeDatabase()
    const directory = emptyDirectory(t)
    const from = `sqlite:${path}`
    const closed = 'postgres://relay:some-word@127.0.0.1:1/relay'
    const cases: [args: string[], env: Record<string, string>, said: RegExp][] = [
      [['--from', from], {}, /^RELAY_STORE: must be postgres:/],
      [['--from', from], { RELAY_STORE: from }, /^RELAY_STORE: must be postgres:/],
      [['--from', from, '--to', from], {}, /^--to: must be postgres:/],
      [['--to', url], {}, /^--from: must be sqlite:/],
      [['--from', url, '--to', url], {}, /^--from: must be sqlite:/],
      [['--from', 'sqlite:gone.db', '--to', url], {}, /^push-relay: .*gone\.db does not exist$/m],
      [['--from', from, '--to', url], { RELAY_DEDUPE_WINDOW: 'long' }, /^RELAY_DEDUPE_WINDOW: is wrong/],
      [['--from', from, '--to', `${closed}?sslmode=require`], {}, /^--to: sslmode must be one of/],
      [
        ['--from', from, '--to', closed],
        {},
        /^push-relay: --to: the database cannot be used: ECONNREFUSED$/m,
      ],
      [['--from', from], { RELAY_STORE: closed }, /^push-relay: RELAY_STORE: .* ECONNREFUSED$/m],
    ]
    for (const [args, env, expected] of cases) {
      const ended = await pushRelay(directory, ['move', ...args], { env })
      assert.equal(ended.code, 1, args.join(' '))
      assert.match(ended.stderr, expected)
      assert.equal(ended.stderr.trimEnd().split('\n').length, 1)
      assert.doesNotMatch(ended.stderr, /some-word/)
    }
    for (const args of [
      ['move', '--into', url],
      ['serve', '--from', from],
      ['move', from],
    ]) {
      assert.equal((await pushRelay(directory, args)).code, 2)
    }
  })
})

test('push-relay migrate: PostgreSQL, also while a node runs', { skip: postgresSkip }, async t => {
  const { name, url } = await (await sharedCluster()).createDatabase()
  const directory = emptyDirectory(t)
  const both = await Promise.all(
    [1, 2].map(() => pushRelay(directory, ['migrate'], { env: { RELAY_STORE: url } })),
  )
  assert.deepEqual(both.map(({ code, stdout, stderr }) => [code, stdout, stderr]).toSorted(), [
    [0, '2 migrations applied\n', ''],
    [0, 'nothing to migrate\n', ''],
  ])
  const cluster = await sharedCluster()
  assert.equal((await cluster.query('SELECT * FROM push_relay.migration', name)).length, 2)
  await cluster.query('INSERT INTO push_relay.migration (version) VALUES (99)', name)
  const newer = await pushRelay(directory, ['migrate'], { env: { RELAY_STORE: url } })
  assert.deepEqual([newer.code, newer.stdout], [1, ''])
  assert.match(
    newer.stderr,
    /^push-relay: RELAY_STORE: the database cannot be used: the database was migrated by a newer release/,
  )
})

test('push-relay migrate: a file, unless a relay has it', async t => {
  const directory = emptyDirectory(t)
  const env = { RELAY_STORE: 'sqlite:relay.db' }
  const none = await pushRelay(directory, ['migrate'], { env })
  assert.deepEqual([none.code, none.stderr], [0, ''])
  assert.match(none.stdout, /does not exist: the first start makes it/)
  const relay = await openFile(join(directory, 'relay.db'))
  const held = await pushRelay(directory, ['migrate'], { env })
  assert.equal(held.code, 1)
  assert.match(held.stderr, /relay\.db is in use by another process/)
  await relay.close()
  // As the release before would have left it.
  inFile(join(directory, 'relay.db'), db => db.exec('DROP INDEX delivery_leased; PRAGMA user_version = 4'))
  const migrated = await pushRelay(directory, ['migrate'], { env })
  assert.deepEqual([migrated.code, migrated.stdout, migrated.stderr], [0, '1 migrations applied\n', ''])
  assert.equal((await pushRelay(directory, ['migrate'], { env })).stdout, 'nothing to migrate\n')
  const wrong = await pushRelay(directory, ['migrate'], { env: { RELAY_STORE: 'mysql://x' } })
  assert.match(wrong.stderr, /^RELAY_STORE: is wrong/)
})

test('a relay that is not let in says which variable is wrong, without its value', {
  skip: postgresSkip,
}, async t => {
  const url = new URL(await makeDatabase())
  url.password = 'some-word'
  const tokens = {
    RELAY_HOOK_TOKENS: 'hook-0123456789abcdef',
    RELAY_ADMIN_TOKENS: 'admin-0123456789abcdef',
  }
  const env = { ...tokens, RELAY_STORE: url.href, RELAY_PROWL: 'on', RELAY_PORT: '0' }
  const { code, stdout, stderr } = await pushRelay(emptyDirectory(t), ['serve'], { env })
  assert.equal(code, 1)
  assert.match(stderr, /^push-relay cannot start: RELAY_STORE: .* 28P01: password authentication failed.*\n$/)
  assert.doesNotMatch(stdout + stderr, /some-word/)
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { Availability } from '../../../src/store/shared/availability.ts'
import { toError } from '../../../src/store/shared/failure.ts'
import { runBatch } from '../../../src/store/sqlite/batch.ts'
import { DedupeWindow } from '../../../src/store/sqlite/dedupe-window.ts'
import { toFailure } from '../../../src/store/sqlite/failure.ts'
import { openForWriting } from '../../../src/store/sqlite/open-file.ts'
import type { ReceiptRow } from '../../../src/store/sqlite/operations.ts'
import { statementsOf } from '../../../src/store/sqlite/statements.ts'
import { WriteContext } from '../../../src/store/sqlite/write-context.ts'
import { StoreUnavailableError } from '../../../src/store/store-unavailable.ts'
import { createEvents } from '../../../src/telemetry/events.ts'
import { accepted, command, entry, record, registered, settlement } from '../../contract/store/fixtures.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { openStore, temporaryDirectory } from './support.ts'

test('all that arrives in one turn is one commit', async t => {
  const { store, events } = await openStore(t)
  const phone = await registered(store)
  const commits: number[] = []
  events.on('store.commit', ({ operations }) => commits.push(operations))
  const receipts = await Promise.all(Array.from({ length: 300 }, () => accepted(store)))
  assert.deepEqual(commits, [300])
  await Promise.all(receipts.map(({ id }) => store.settle(settlement(id, [{ record: record(id, phone) }]))))
  assert.deepEqual(commits, [300, 300])
})

test('below the floor of free space nothing is taken, and what was taken is settled', async t => {
  const clock = new FakeClock()
  let freeBytes = 10_000_000
  let watched = Promise.withResolvers<void>()
  const { store, events } = await openStore(t, {
    clock: { ...clock, after: clock.after, now: clock.now, monotonic: clock.monotonic, random: clock.random },
    freeBytes: async () => freeBytes,
  })
  const heard: string[] = []
  for (const name of ['store.unavailable', 'store.recovered'] as const) {
    events.on(name, () => {
      heard.push(name)
      watched.resolve()
    })
  }
  assert.deepEqual(store.health(), { writable: false, reason: 'disk-full' })
  await assert.rejects(store.accept([entry()]), { name: 'StoreUnavailableError', reason: 'disk-full' })
  await registered(store)
  freeBytes = 100_000_000
  clock.advance(1000)
  await watched.promise
  assert.deepEqual(store.health(), { writable: true })
  const { id, registrations } = await accepted(store)
  watched = Promise.withResolvers<void>()
  freeBytes = 1
  clock.advance(1000)
  await watched.promise
  await assert.rejects(store.accept([entry()]), { reason: 'disk-full' })
  const phone = registrations[0]
  assert(phone)
  const settled = store.settle(settlement(id, [{ record: record(id, phone) }]))
  clock.advance(50)
  assert.equal(await settled, 'accepted')
  assert.deepEqual(heard, ['store.recovered', 'store.unavailable'])
})

test('a full disk: nothing of the batch is changed, and the reason is known', async t => {
  const db = openForWriting(join(await temporaryDirectory(t), 'relay.db'))
  t.after(() => db.close())
  const context = new WriteContext(statementsOf(db), 1, new DedupeWindow(1000, 100))
  runBatch(db, context, [{ kind: 'register', command: command() }])
  const pages = Number(db.prepare('PRAGMA page_count').get()?.page_count)
  db.exec(`PRAGMA max_page_count = ${pages + 2}`)
  const row = (id: string) => ({ ...entry({ id, dedupeKey: 'k' }), content: 'x'.repeat(20_000), notes: null })
  const tablet = command({ device: 'tablet', token: 'bb22' })
  const fill = () =>
    runBatch(db, context, [
      { kind: 'register', command: tablet },
      { kind: 'accept', entries: [row('a'), { ...row('b'), dedupeKey: 'l' }] },
    ])
  assert.throws(fill, (error: unknown) => toFailure(error).reason === 'disk-full')
  assert.equal(db.isTransaction, false)
  assert.equal(db.prepare('SELECT count(*) AS n FROM message').get()?.n, 0)
  db.exec(`PRAGMA max_page_count = ${pages + 100}`)
  const { results } = runBatch(db, context, [{ kind: 'accept', entries: [row('a')] }])
  assert(results[0]?.ok)
  const [receipt] = results[0].value as ReceiptRow[]
  assert(receipt?.status === 'queued', 'the key was forgotten')
  assert.equal(JSON.parse(receipt.registrations).length, 1, 'and so was the registration')
})

test('a database that may only be read: nothing is changed, the reason is known, and it goes on once it may', async t => {
  const db = openForWriting(join(await temporaryDirectory(t), 'relay.db'))
  t.after(() => db.close())
  const context = new WriteContext(statementsOf(db), 1, new DedupeWindow(1000, 100))
  runBatch(db, context, [{ kind: 'register', command: command() }])
  const row = { ...entry({ id: 'a', dedupeKey: 'k' }), content: 'x', notes: null }
  const accept = () => runBatch(db, context, [{ kind: 'accept', entries: [row] }])
  // Gives the code of a file system that was mounted anew as read-only, which a test cannot do.
  db.exec('PRAGMA query_only = ON')
  assert.throws(accept, (error: unknown) => {
    const thrown = toError(toFailure(error))
    return thrown instanceof StoreUnavailableError && thrown.reason === 'read-only'
  })
  assert.equal(db.isTransaction, false)
  db.exec('PRAGMA query_only = OFF')
  assert.equal(db.prepare('SELECT count(*) AS n FROM message').get()?.n, 0)
  const [result] = accept().results
  assert(result?.ok)
  assert.equal((result.value as ReceiptRow[])[0]?.status, 'queued')
})

test('a file that can grow no further: every acknowledged message is there, the rest was refused, and it recovers', async t => {
  const path = join(await temporaryDirectory(t), 'relay.db')
  // ulimit -f is in blocks of 512 bytes or 1 KiB; Node ignores SIGXFSZ, so a write beyond it fails with EFBIG.
  const script = 'ulimit -f 2048 && exec "$0" "$1" "$2"'
  const child = spawn(
    'sh',
    ['-c', script, process.execPath, join(import.meta.dirname, 'full-disk-child.ts'), path],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let output = ''
  child.stdout.on('data', chunk => {
    output += chunk
  })
  await once(child, 'exit')
  const report = JSON.parse(output)
  assert(report.acknowledged > 0)
  assert.equal(report.found, report.acknowledged)
  assert.equal(report.foundRefused, 0)
  assert.match(report.reason, /^(disk-full|io-error)$/)
  assert.deepEqual(report.healthAfter, { writable: false, reason: report.reason })
  assert.deepEqual(report.heard, [`unavailable ${report.reason}`, 'recovered'])
})

test('availability: announced once per change, probed every second, corrupt for good', async () => {
  const clock = new FakeClock()
  const events = createEvents()
  const heard: string[] = []
  events.on('store.unavailable', ({ reason }) => heard.push(reason))
  events.on('store.recovered', () => heard.push('recovered'))
  let probes = 0
  const availability = new Availability({
    clock,
    events,
    probe: async () => {
      probes++
      availability.failed('disk-full')
    },
  })
  availability.failed('disk-full')
  availability.failed('disk-full')
  for (const second of [1, 2, 3]) {
    clock.advance(1000)
    assert.equal(probes, second)
    await new Promise(setImmediate)
  }
  availability.failed('read-only')
  availability.committed()
  assert.deepEqual(heard, ['disk-full', 'read-only', 'recovered'])
  assert.deepEqual(availability.health(), { writable: true })
  availability.setSpaceLow(true)
  availability.failed('io-error')
  availability.failed('disk-full')
  availability.committed()
  availability.committed()
  assert.deepEqual(heard.slice(3), ['disk-full', 'io-error', 'disk-full', 'recovered', 'disk-full'])
  availability.setSpaceLow(false)
  availability.failed('corrupt')
  availability.committed()
  assert.deepEqual(availability.health(), { writable: false, reason: 'corrupt' })
  assert.throws(() => availability.assertSound(), { reason: 'corrupt' })
  availability.close()
  assert.equal(clock.pendingTimers(), 0)
})

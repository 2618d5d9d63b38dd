import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { systemClock } from '../../../src/domain/clock.ts'
import { toFirstRound } from '../../../src/store/shared/first-round.ts'
import type { WriteOperation } from '../../../src/store/shared/operations.ts'
import { runBatch } from '../../../src/store/sqlite/batch.ts'
import { DedupeWindow } from '../../../src/store/sqlite/dedupe-window.ts'
import { openForWriting } from '../../../src/store/sqlite/open-file.ts'
import { OutboxCount } from '../../../src/store/sqlite/outbox-count.ts'
import { createReads } from '../../../src/store/sqlite/reads.ts'
import { statementsOf } from '../../../src/store/sqlite/statements.ts'
import { WriteContext } from '../../../src/store/sqlite/write-context.ts'
import {
  ALICE,
  BOB,
  command,
  entry,
  record,
  SCOPE,
  settlement,
  T0,
  waits,
} from '../../contract/store/fixtures.ts'
import { temporaryDirectory } from './support.ts'

function planOf(db: DatabaseSync, text: string): string {
  const steps = db.prepare(`EXPLAIN QUERY PLAN ${text}`).all()
  return steps.map(step => String(step.detail)).join('; ')
}

/** One of every kind, so that every statement is prepared. */
function everyOperation(): WriteOperation[] {
  const phone = { recipient: ALICE, device: 'phone', kind: 'alert' } as const
  const versions = { version: 1, firstVersion: 1 }
  const full = { ...command(), ...phone, registeredAt: T0, state: 'active', strikes: 0, ...versions } as const
  const row = (id: string) => ({ ...entry({ id, leased: id !== 'unleased' }), content: '{}', notes: null })
  const dead = record('b', phone, { state: 'dead' })
  const effects = [
    { kind: 'accepted', version: 1 },
    { kind: 'accepted', version: 1, learnedEnvironment: 'x' },
    { kind: 'unregistered', version: 1, since: T0, reason: 'x' },
    { kind: 'misaddressed', version: 1, suspendAt: 3, reason: 'x' },
  ] as const
  return [
    { kind: 'register', command: command() },
    { kind: 'register', command: command({ recipient: BOB, maxMoves: 1 }) },
    { kind: 'register', command: command() },
    { kind: 'register', command: command({ device: 'tablet' }) },
    { kind: 'register', command: command() },
    { kind: 'accept', entries: ['a', 'b', 'unleased', '0', '1', '2', '3'].map(row) },
    { kind: 'accept', entries: [{ ...row('d'), ignored: 'headline' }] },
    { kind: 'settleFirst', round: toFirstRound(settlement('a', [waits('a', full)])) },
    { kind: 'settleFirst', round: toFirstRound(settlement('b', [{ record: dead }])) },
    ...effects.map((effect, index): WriteOperation => {
      const round = toFirstRound(settlement(String(index), [{ record: dead, effect }]))
      return { kind: 'settleFirst', round }
    }),
    { kind: 'claimMessages', limit: 1 },
    { kind: 'requeue', messageId: 'b', now: T0 },
    { kind: 'claimDeliveries', scope: SCOPE, now: T0 + 1000, limit: 1 },
    { kind: 'settleLater', settlement: settlement('a', [{ record: dead }], { round: 'later' }) },
    { kind: 'expire', now: T0, limit: 1 },
    { kind: 'purge', before: T0, limit: 1 },
    { kind: 'accept', entries: ['w', 'x'].map(row) },
    { kind: 'settleFirst', round: toFirstRound(settlement('w', [waits('w', full)])) },
    { kind: 'settleFirst', round: toFirstRound(settlement('x', [{ record: dead }])) },
    { kind: 'accept', entries: [{ ...row('y'), leased: false }] },
    { kind: 'removeDevice', recipient: ALICE, device: 'phone', at: T0 },
    { kind: 'removeDevice', recipient: ALICE, device: 'tablet', at: T0 },
    { kind: 'removeRecipient', recipient: ALICE, at: T0 },
    { kind: 'endOrphans', recipient: ALICE, after: 0, at: T0 },
    { kind: 'releaseLeases' },
  ]
}

test('no statement reads a whole table', async t => {
  const db = openForWriting(join(await temporaryDirectory(t), 'relay.db'))
  t.after(() => db.close())
  const prepare = statementsOf(db)
  const texts = new Set<string>()
  const sql = (text: string) => {
    texts.add(text)
    return prepare(text)
  }
  const { results } = runBatch(db, new WriteContext(sql, 1, new DedupeWindow(1, 1)), everyOperation())
  assert(results.every(result => result.ok))
  const reads = createReads(sql, new OutboxCount(systemClock))
  reads.message('a')
  reads.outbox()
  reads.hasUnbegun()
  reads.waitingScopes()
  reads.registrations(ALICE)
  const before = 'zzz'
  for (const state of ['pending', 'dead', 'ignored'] as const) {
    reads.messages({ limit: 1, state, before })
    reads.messages({ limit: 1, state, recipient: ALICE })
  }
  reads.messages({ limit: 1, state: 'pending' })
  reads.messages({ limit: 1, recipient: ALICE, before })
  // Ending what a removed account had takes six of its own.
  assert(texts.size >= 58, String(texts.size))
  const scans = [...texts].filter(text =>
    /SCAN (message|delivery|registration(_move)?)\b/.test(planOf(db, text)),
  )
  const listings = [...texts].filter(text =>
    /^SELECT .* FROM message WHERE stage < 2 AND .*LIMIT \?$/s.test(text),
  )
  assert(listings.length >= 3, String(listings.length))
  const sorts = listings.filter(text => planOf(db, text).includes('TEMP B-TREE'))
  // What is being worked on, which is no more than memory holds.
  assert.equal(sorts.filter(text => !text.includes('lease > 0')).length, 0, sorts.join())
  assert.deepEqual(scans, [])
})

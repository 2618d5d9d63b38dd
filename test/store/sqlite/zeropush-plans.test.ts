import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../../src/domain/clock.ts'
import { zeropushRecipient } from '../../../src/domain/zeropush-recipient.ts'
import { toFirstRound } from '../../../src/store/shared/first-round.ts'
import type { WriteOperation } from '../../../src/store/shared/operations.ts'
import { runBatch } from '../../../src/store/sqlite/batch.ts'
import { DedupeWindow } from '../../../src/store/sqlite/dedupe-window.ts'
import { openForWriting } from '../../../src/store/sqlite/open-file.ts'
import { OutboxCount } from '../../../src/store/sqlite/outbox-count.ts'
import { createReads } from '../../../src/store/sqlite/reads.ts'
import { statementsOf } from '../../../src/store/sqlite/statements.ts'
import { WriteContext } from '../../../src/store/sqlite/write-context.ts'
import { entry, record, settlement, T0 } from '../../contract/store/fixtures.ts'
import { device } from '../../contract/store/zeropush.ts'
import { temporaryDirectory } from './support.ts'

const A = zeropushRecipient('aaaa')

function everyOperation(): WriteOperation[] {
  const phone = { recipient: A, device: 'zeropush', kind: 'alert' } as const
  const effect = { kind: 'unregistered', version: 1, since: T0, reason: 'x' } as const
  const round = toFirstRound(settlement('a', [{ record: record('a', phone), effect }], { recipient: A }))
  return [
    { kind: 'zeropushRegister', command: device('a', { channels: ['x'] }) },
    { kind: 'zeropushBadge', token: 'aaaa', change: { add: 1 } },
    {
      kind: 'accept',
      entries: [{ ...entry({ id: 'a', recipient: A, badge: { add: 1 } }), content: '{}', notes: null }],
    },
    { kind: 'settleFirst', round },
    { kind: 'zeropushChannels', token: 'aaaa', change: { change: 'remove', channels: ['x'] } },
    {
      kind: 'zeropushChannels',
      token: 'aaaa',
      change: { change: 'replace', channels: ['y'], maxChannels: 1, maxDevices: 1 },
    },
    { kind: 'zeropushClear', channel: 'y' },
    { kind: 'zeropushRemove', token: 'aaaa', at: T0 },
  ]
}

test('zeropush: no statement reads a whole table, except a list of it, and the next ones to send to are not sorted', async t => {
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
  const page = { offset: 0, limit: 1 }
  reads.zeropushDevice('aaaa')
  reads.zeropushDevices(page)
  reads.zeropushInactive({ since: 0, ...page })
  reads.zeropushChannels(page)
  reads.zeropushTokensIn({ channel: 'x', limit: 1 })
  reads.zeropushNamed(['aaaa'])
  reads.zeropushTargets({ limit: 1 })
  reads.zeropushTargets({ channel: 'x', limit: 1 })
  const plans = [...texts]
    .filter(text => text.includes('zeropush_'))
    .map(text => {
      const steps = db.prepare(`EXPLAIN QUERY PLAN ${text}`).all()
      return [text.trim(), steps.map(step => String(step.detail)).join('; ')] as const
    })
  assert(plans.length >= 22, String(plans.length))
  const textsWith = (pattern: RegExp) => plans.filter(([, plan]) => pattern.test(plan)).map(([text]) => text)
  assert.deepEqual(textsWith(/SCAN/), [
    'SELECT token, badge, marked_inactive_at AS markedInactiveAt FROM zeropush_device ORDER BY token LIMIT ? OFFSET ?',
    'SELECT count(*) AS total FROM zeropush_device',
    'SELECT DISTINCT channel FROM zeropush_channel ORDER BY channel LIMIT ? OFFSET ?',
    'SELECT count(DISTINCT channel) AS total FROM zeropush_channel',
  ])
  assert.deepEqual(textsWith(/TEMP B-TREE/), [])
})

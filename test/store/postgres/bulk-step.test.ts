import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BulkStep } from '../../../src/store/postgres/bulk-step.ts'
import type { Statement } from '../../../src/store/postgres/connection.ts'
import { leaseOf } from '../../../src/store/postgres/lease.ts'
import { WriteContext } from '../../../src/store/postgres/write-context.ts'
import { ALICE, idAt, record, settlement, T0 } from '../../contract/store/fixtures.ts'

test('what later rounds tell of registrations goes out together, and is not one round trip each', async () => {
  const ids = [idAt(T0), idAt(T0), idAt(T0)]
  const phone = { recipient: ALICE, device: 'phone', kind: 'alert' } as const
  const areAllAsked = Promise.withResolvers<void>()
  let asked = 0
  const query = async ({ text }: Statement) => {
    if (text.includes('SET last_accepted_at')) {
      asked++
      if (asked === ids.length) areAllAsked.resolve()
      await areAllAsked.promise
    }
    return { rows: text.includes('FOR UPDATE') ? locked(text) : [], count: 1, command: '' }
  }
  const locked = (text: string) =>
    ids.map(id =>
      text.includes('FROM outbox')
        ? [id, 1, true, null]
        : [id, false, true, T0, JSON.stringify(record(id, phone))],
    )
  const step = new BulkStep(0)
  const told: unknown[] = []
  for (const id of ids) {
    const result = { record: record(id, phone), effect: { kind: 'accepted', version: 1 } as const }
    const round = settlement(id, [result], { round: 'later' })
    step.addLater({ kind: 'settleLater', settlement: round }, state => told.push(state))
  }
  await step.run(new WriteContext({ query }, { lease: leaseOf(1, 1), revision: 1, dedupeWindowMs: 0 }))
  assert.deepEqual(told, ['accepted', 'accepted', 'accepted'])
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type AttemptRecord,
  type DeliveryState,
  deliveryId,
  messageStateOf,
  recordAttempt,
} from '../../src/domain/delivery.ts'
import type { MessageState } from '../../src/domain/offline-message.ts'
import type { RegistrationKey } from '../../src/domain/registration.ts'

const attempt = (number: number): AttemptRecord => ({
  number,
  at: number,
  outcome: 'failed',
  durationMs: 1,
  environment: 'production',
})

function numbersAfter(count: number): number[] {
  let attempts: AttemptRecord[] = []
  for (let number = 1; number <= count; number++) attempts = recordAttempt(attempts, attempt(number))
  return attempts.map(({ number }) => number)
}

describe('the attempts that a delivery keeps', () => {
  it('are all of the first thirteen', () => {
    assert.deepEqual(numbersAfter(13), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
  })

  it('are the first three and the last ten of more', () => {
    assert.deepEqual(numbersAfter(14), [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14])
    assert.deepEqual(numbersAfter(20), [1, 2, 3, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
  })

  it('do not change the list that was given', () => {
    const before = Object.freeze([attempt(1)])
    assert.equal(recordAttempt(before, attempt(2)).length, 2)
    assert.equal(before.length, 1)
  })
})

describe('the id of a delivery', () => {
  const messageId = '019a0000-0000-7000-8000-000000000001'
  const key: RegistrationKey = { recipient: 'bob@localhost', device: 'phone1', kind: 'alert' }

  it('is a canonical lower-case UUID of version 8, whatever the digest', () => {
    for (let index = 0; index < 200; index++)
      assert.match(
        deliveryId(`${messageId}-${index}`, key),
        /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      )
  })

  it('stays the same over releases: a repeated push is known by it', () => {
    assert.equal(deliveryId(messageId, key), '2b4d2fff-f623-8742-9b46-fa23960c7d6d')
    assert.equal(deliveryId(messageId, { ...key }), deliveryId(messageId, key))
  })

  it('differs by message, recipient, device and kind, also where one part continues the other', () => {
    const ids = [
      deliveryId(messageId, key),
      deliveryId('019a0000-0000-7000-8000-000000000002', key),
      deliveryId(messageId, { ...key, recipient: 'carol@localhost' }),
      deliveryId(messageId, { ...key, device: 'phone2' }),
      deliveryId(messageId, { ...key, kind: 'voip' as never }),
      deliveryId(messageId, { ...key, recipient: 'bob@localhostp', device: 'hone1' }),
    ]
    assert.equal(new Set(ids).size, ids.length)
  })
})

describe('the state of a message', () => {
  const table: [DeliveryState[], MessageState][] = [
    [['pending'], 'pending'],
    [['accepted', 'pending'], 'pending'],
    [['dead', 'expired', 'unregistered', 'pending'], 'pending'],
    [['accepted'], 'accepted'],
    [['accepted', 'accepted'], 'accepted'],
    [['accepted', 'dead'], 'partial'],
    [['expired', 'accepted'], 'partial'],
    [['unregistered', 'accepted'], 'partial'],
    [['dead'], 'dead'],
    [['expired', 'unregistered', 'dead'], 'dead'],
    [['expired'], 'expired'],
    [['unregistered', 'expired'], 'expired'],
    [['unregistered'], 'unreachable'],
    [['unregistered', 'unregistered'], 'unreachable'],
    [[], 'unreachable'],
  ]
  for (const [states, expected] of table)
    it(`is ${expected} when its deliveries are ${states.join(', ') || 'none'}`, () => {
      assert.equal(messageStateOf(states), expected)
    })
})

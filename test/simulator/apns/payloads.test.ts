import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkPayload } from '../../../src/simulator/apns/payload-rules.ts'
import type { PushType } from '../../../src/simulator/apns/request-rules.ts'

function problemOf(payload: unknown, pushType: PushType = 'alert'): string | undefined {
  return checkPayload(Buffer.from(JSON.stringify(payload)), pushType)?.detail
}

test('takes every documented form', () => {
  const good: [payload: unknown, pushType: PushType][] = [
    [{ aps: { alert: 'Hi' } }, 'alert'],
    [{ aps: { badge: 0 } }, 'alert'],
    [{ aps: { sound: { critical: 1, name: 'default', volume: 0.5 } }, chat: { id: '1' } }, 'alert'],
    [
      {
        aps: {
          alert: { title: 'Anna', subtitle: 'x', body: '👋', 'loc-key': 'k', 'loc-args': ['a'] },
          'thread-id': 't',
          category: 'c',
          'mutable-content': 1,
          'interruption-level': 'time-sensitive',
          'relevance-score': 0.5,
        },
      },
      'alert',
    ],
    [{ aps: { 'content-available': 1 }, sync: true }, 'background'],
    [{ aps: { timestamp: 1, event: 'update', 'content-state': {} } }, 'liveactivity'],
    [{ aps: {} }, 'voip'],
  ]
  for (const [payload, pushType] of good) assert.equal(problemOf(payload, pushType), undefined)
})

test('refuses what Apple would silently drop, and names the place', () => {
  const bad: [payload: unknown, place: RegExp, pushType?: PushType][] = [
    [[], /JSON object/],
    ['text', /JSON object/],
    [{}, /^aps must/],
    [{ aps: [] }, /^aps must/],
    [{ aps: {} }, /alert, badge or sound/],
    [{ aps: { alert: 7 } }, /^aps\.alert must/],
    [{ aps: { alert: null } }, /^aps\.alert must/],
    [{ aps: { alert: { title: 7 } } }, /^aps\.alert\.title must/],
    [{ aps: { alert: { text: 'x' } } }, /^aps\.alert has a key/],
    [{ aps: { alert: { 'loc-args': 'x' } } }, /^aps\.alert\.loc-args must/],
    [{ aps: { alert: { body: 'cut \ud83d' } } }, /^aps\.alert\.body must/],
    [{ aps: { alert: 'x', badge: '1' } }, /^aps\.badge must/],
    [{ aps: { alert: 'x', badge: -1 } }, /^aps\.badge must/],
    [{ aps: { alert: 'x', sound: 1 } }, /^aps\.sound must/],
    [{ aps: { alert: 'x', sound: { volume: 2 } } }, /^aps\.sound\.volume must/],
    [{ aps: { alert: 'x', chat: {} } }, /^aps has a key/],
    [{ aps: { alert: 'x', constructor: 1 } }, /^aps has a key/],
    [{ aps: { alert: 'x', 'mutable-content': true } }, /^aps\.mutable-content must/],
    [{ aps: { sound: 'x', 'mutable-content': 1 } }, /needs an alert/],
    [{ aps: { alert: 'x', 'interruption-level': 'loud' } }, /^aps\.interruption-level must/],
    [{ aps: { alert: 'x' } }, /content-available/, 'background'],
    [{ aps: { 'content-available': 1, badge: 1 } }, /neither alert/, 'background'],
  ]
  for (const [payload, place, pushType] of bad) {
    assert.match(problemOf(payload, pushType) ?? 'taken', place, JSON.stringify(payload))
  }
})

test('refuses bytes that are not UTF-8, and never repeats content', () => {
  const latin1 = Buffer.from('{"aps":{"alert":"caf\xe9"}}', 'latin1')
  assert.equal(checkPayload(latin1, 'alert')?.reason, 'BadPayload')
  const refused = checkPayload(Buffer.from('{"aps":{"alert":"x","secret":"s3cret"}}'), 'alert')
  assert.doesNotMatch(JSON.stringify(refused), /s3cret|secret/)
})

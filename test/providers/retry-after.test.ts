import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseRetryAfter } from '../../src/providers/retry-after.ts'

const NOW = Date.UTC(1994, 10, 6, 8, 49, 7)
const DAY_S = 86_400

describe('how long a Retry-After header asks to wait', () => {
  for (const [header, ms] of [
    ['1', 1000],
    [' 120 ', 120_000],
    [`${DAY_S}`, DAY_S * 1000],
    // The same instant in the three forms of RFC 9110 §5.6.7.
    ['Sun, 06 Nov 1994 08:49:37 GMT', 30_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 30_000],
    ['Sun Nov  6 08:49:37 1994', 30_000],
  ] as const) {
    it(`${header} is ${ms} ms`, () => {
      assert.equal(parseRetryAfter(header, NOW), ms)
    })
  }

  for (const header of [
    undefined,
    '',
    '0',
    '-5',
    '1.5',
    '5s',
    '1e3',
    '12, 12',
    'soon',
    'March 7',
    'Sun, 99 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:07 GMT',
    'Sat, 05 Nov 1994 08:49:37 GMT',
    'Tue, 08 Nov 1994 08:49:37 GMT',
    `${DAY_S + 1}`,
    '99999999999999999999',
  ]) {
    it(`${JSON.stringify(header)} says nothing`, () => {
      assert.equal(parseRetryAfter(header, NOW), undefined)
    })
  }

  it('is between nothing and a day, whatever the header', () => {
    fc.assert(
      fc.property(fc.string(), header => {
        const ms = parseRetryAfter(header, NOW) ?? 1
        assert.ok(ms > 0 && ms <= DAY_S * 1000)
      }),
    )
  })
})

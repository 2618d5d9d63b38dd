import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FloodGuard } from '../../src/http2/flood-guard.ts'
import { connectionError } from './frames/support.ts'

const MOST = 1000
const PERIOD_MS = 10_000
const tooMuch = connectionError('ENHANCE_YOUR_CALM', '§10.5')

function newGuard() {
  const time = { now: 5 }
  const guard = new FloodGuard(() => time.now)
  const count = (times: number) => {
    for (let at = 0; at < times; at++) guard.count()
  }
  return { guard, count, time }
}

describe('frames that carry nothing (RFC 9113 §10.5)', () => {
  it('are taken up to a number', () => {
    const { guard, count } = newGuard()
    count(MOST)
    assert.throws(() => guard.count(), tooMuch)
  })

  it('are taken up to that number in each period', () => {
    const { guard, count, time } = newGuard()
    count(MOST)
    time.now += PERIOD_MS
    count(MOST)
    time.now += PERIOD_MS - 1
    assert.throws(() => guard.count(), tooMuch)
  })

  it('are taken for ever when they come slowly', () => {
    const { guard, time } = newGuard()
    for (let at = 0; at < 100 * MOST; at++) {
      time.now += PERIOD_MS / MOST
      guard.count()
    }
  })

  it('may weigh more than one', () => {
    const { guard } = newGuard()
    guard.count(MOST - 0.5)
    assert.throws(() => guard.count(1), tooMuch)
    assert.throws(() => newGuard().guard.count(1 + (16_384 / 6) * 0.5), tooMuch)
  })

  it('are taken more often when requests were sent, as many as their frames bring about', () => {
    const { guard, count } = newGuard()
    guard.sent()
    count(MOST + 4)
    assert.throws(() => guard.count(), tooMuch)
  })

  it('are taken for ever along with requests', () => {
    const { guard, count } = newGuard()
    for (let at = 0; at < 10_000; at++) {
      guard.sent()
      count(4)
    }
  })

  it('are not allowed without end by requests of long ago', () => {
    const { guard, count } = newGuard()
    for (let at = 0; at < 100_000; at++) guard.sent()
    count(11 * MOST)
    assert.throws(() => guard.count(), tooMuch)
  })
})

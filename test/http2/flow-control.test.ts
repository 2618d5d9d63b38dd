import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { growWindow, ReceiveWindow } from '../../src/http2/flow-control.ts'

const MOST = 2 ** 31 - 1

describe('a send window', () => {
  it('grows up to 2^31-1, and not beyond (RFC 9113 §6.9.1)', () => {
    assert.equal(growWindow(65_535, 1), 65_536)
    assert.equal(growWindow(0, MOST), MOST)
    assert.equal(growWindow(MOST - 1, 1), MOST)
    assert.equal(growWindow(MOST, 1), undefined)
    assert.equal(growWindow(1, MOST), undefined)
    assert.equal(growWindow(MOST, MOST), undefined)
  })

  it('may be below zero when the initial size was lowered, and comes back (§6.9.2)', () => {
    // The example of §6.9.2.
    assert.equal(growWindow(65_535 - 61_440, 16_384 - 65_535), -45_056)
    assert.equal(growWindow(-45_056, 45_056), 0)
    assert.equal(growWindow(-1, MOST), MOST - 1)
  })
})

describe('a receive window', () => {
  it('is what was allowed, to the octet (§6.9.1)', () => {
    const window = new ReceiveWindow(100)
    assert.equal(window.receive(100), true)
    assert.equal(window.receive(0), true)
    assert.equal(window.receive(1), false)
    assert.equal(new ReceiveWindow(100).receive(101), false)
  })

  it('is given anew when half of it is used, all that was used at once', () => {
    const window = new ReceiveWindow(101)
    assert.equal(window.takeCredit(), 0)
    window.receive(50)
    assert.equal(window.takeCredit(), 0)
    window.receive(1)
    assert.equal(window.takeCredit(), 51)
    assert.equal(window.takeCredit(), 0)
    window.grow(51)
    assert.equal(window.receive(101), true)
    assert.equal(window.takeCredit(), 101)
  })

  it('holds the peer to what it was told, not to what it will be told', () => {
    const window = new ReceiveWindow(100)
    window.receive(100)
    assert.equal(window.takeCredit(), 100)
    assert.equal(window.receive(1), false)
  })

  it('never stops a peer that keeps to it, and never lets it have more than its size', () => {
    const size = fc.integer({ min: 1, max: 1000 })
    fc.assert(
      fc.property(size, fc.array(fc.nat(1000), { maxLength: 100, size: 'max' }), (windowSize, pieces) => {
        const window = new ReceiveWindow(windowSize)
        let allowed = windowSize
        for (const wanted of pieces) {
          const sent = Math.min(wanted, allowed)
          assert.equal(window.receive(sent), true)
          const credit = window.takeCredit()
          window.grow(credit)
          allowed += credit - sent
          assert.ok(allowed > 0 && allowed <= windowSize)
        }
        assert.equal(window.receive(allowed), true)
        assert.equal(window.receive(1), false)
      }),
    )
  })
})

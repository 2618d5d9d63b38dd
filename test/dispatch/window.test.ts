import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProviderShare, WINDOW_DELIVERIES, Window } from '../../src/dispatch/window.ts'

const MIB = 1024 * 1024

describe('what is in memory at once', () => {
  it('is bounded by deliveries: new messages take nine tenths, what waited the rest', () => {
    const window = new Window(100)
    assert.equal(window.reserve(91, 0), false)
    assert.equal(window.reserve(90, 0), true)
    assert.equal(window.reserve(1, 0), false)
    assert.deepEqual([window.deliveries(), window.room()], [90, 10])
    window.add(10, 0)
    assert.deepEqual([window.room(), window.isOverfull()], [0, false])
    // A message for more devices than it had reserved places.
    window.add(1, 0)
    assert.deepEqual([window.room(), window.isOverfull()], [0, true])
  })

  it('is bounded by 64 MiB of texts, however few messages they are', () => {
    const window = new Window(100)
    assert.equal(window.reserve(1, 64 * MIB + 1), false)
    assert.equal(window.reserve(1, 64 * MIB - 1), true)
    assert.equal(window.room(), 99)
    assert.equal(window.reserve(1, 2), false)
    assert.equal(window.reserve(1, 1), true)
    assert.deepEqual([window.room(), window.isRoomy(), window.isOverfull()], [0, false, false])
    window.release(1, 1)
    assert.deepEqual([window.room(), window.isRoomy()], [99, true])
  })

  it('counts nothing of what it refused', () => {
    const window = new Window(100)
    window.reserve(95, 1)
    window.reserve(1, 65 * MIB)
    assert.equal(window.deliveries(), 0)
    assert.equal(window.reserve(90, 64 * MIB), true)
  })

  it('is free again once all was released', () => {
    const window = new Window(100)
    assert.equal(window.reserve(90, 64 * MIB), true)
    window.release(90, 64 * MIB)
    assert.deepEqual([window.deliveries(), window.room()], [0, 100])
    assert.equal(window.reserve(90, 64 * MIB), true)
  })

  it('is roomy from half of its places on', () => {
    const window = new Window(100)
    window.add(51, 0)
    assert.equal(window.isRoomy(), false)
    window.release(1, 0)
    assert.equal(window.isRoomy(), true)
  })

  it('leaves even the smallest window a place for a new message', () => {
    const window = new Window(1)
    assert.equal(window.reserve(1, 0), true)
  })

  it('holds ten thousand deliveries unless told otherwise', () => {
    assert.equal(new Window().room(), WINDOW_DELIVERIES)
    assert.equal(WINDOW_DELIVERIES, 10_000)
  })
})

describe('what a provider and a lane may hold of it', () => {
  /** Fills a lane as far as it may go, as the dispatcher does: counted in the window first. */
  function fill(window: Window, share: ProviderShare): number {
    let held = 0
    for (;;) {
      window.add(1, 0)
      if (share.roomFor(held) === 0) break
      share.add(1)
      held++
    }
    window.release(1, 0)
    return held
  }

  it('leaves room for those that come later, however many are full', () => {
    const window = new Window()
    const held = Array.from({ length: 6 }, () => fill(window, new ProviderShare(window)))
    assert.ok((held[0] ?? 0) > 4000, `${held}`)
    for (const one of held) assert.ok(one >= 50, `${held}`)
    assert.ok(held.reduce((sum, one) => sum + one) < 8000, `${held}`)
    assert.ok(window.reserve(1000, 0), 'new messages still come in')
  })

  it('does not grow with the number of lanes: a thousand full ones of a provider leave the others their room', () => {
    const window = new Window()
    const hanging = new ProviderShare(window)
    for (let lane = 0; lane < 1000; lane++) fill(window, hanging)
    assert.ok(fill(window, new ProviderShare(window)) >= 200)
  })

  it('is the least when texts fill three quarters of their bound', () => {
    const window = new Window()
    window.add(0, 48 * MIB)
    assert.equal(window.roomFor(0), 64)
    assert.equal(window.roomFor(64), 0)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { WINDOW_DELIVERIES, Window } from '../../src/dispatch/window.ts'

const MIB = 1024 * 1024

describe('what is in memory at once', () => {
  it('is bounded by deliveries: new messages take three quarters, what waited the rest', () => {
    const window = new Window(100)
    assert.equal(window.laneLimit(), 75)
    assert.equal(window.reserve(76, 0), false)
    assert.equal(window.reserve(75, 0), true)
    assert.equal(window.reserve(1, 0), false)
    assert.deepEqual([window.deliveries(), window.room()], [75, 25])
    window.add(25, 0)
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
    window.reserve(80, 1)
    window.reserve(1, 65 * MIB)
    assert.equal(window.deliveries(), 0)
    assert.equal(window.reserve(75, 64 * MIB), true)
  })

  it('is free again once all was released', () => {
    const window = new Window(100)
    assert.equal(window.reserve(75, 64 * MIB), true)
    window.release(75, 64 * MIB)
    assert.deepEqual([window.deliveries(), window.room()], [0, 100])
    assert.equal(window.reserve(75, 64 * MIB), true)
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
    assert.equal(window.laneLimit(), 1)
    assert.equal(window.reserve(1, 0), true)
  })

  it('holds ten thousand deliveries unless told otherwise', () => {
    assert.equal(new Window().room(), WINDOW_DELIVERIES)
    assert.equal(WINDOW_DELIVERIES, 10_000)
  })
})

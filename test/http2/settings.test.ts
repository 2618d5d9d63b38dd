import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  applySettings,
  countSettings,
  defaultPeerSettings,
  isSettingsAck,
  type PeerSettings,
  SETTINGS,
} from '../../src/http2/settings.ts'
import { connectionError, frameOf } from './frames/support.ts'

type Entry = readonly [id: number, value: number]

function settingsFrame(...entries: readonly Entry[]) {
  const payload = Buffer.alloc(entries.length * 6)
  for (const [at, [id, value]] of entries.entries()) {
    payload.writeUInt16BE(id, at * 6)
    payload.writeUInt32BE(value, at * 6 + 2)
  }
  return frameOf({ type: 4, payload })
}

function apply(...entries: readonly Entry[]): PeerSettings {
  const settings = defaultPeerSettings()
  applySettings(settingsFrame(...entries), settings)
  return settings
}

const changed = (settings: Partial<PeerSettings>) => ({ ...defaultPeerSettings(), ...settings })

const LARGEST = 2 ** 32 - 1

describe('settings of the peer (RFC 9113 §6.5.2)', () => {
  it('are the defaults until it says something', () => {
    assert.deepEqual(apply(), {
      headerTableSize: 4096,
      leastHeaderTableSize: 4096,
      maxConcurrentStreams: Number.POSITIVE_INFINITY,
      initialWindowSize: 65_535,
      maxFrameSize: 16_384,
    })
  })

  it('SETTINGS_HEADER_TABLE_SIZE may be anything', () => {
    for (const value of [0, 100, 4096, LARGEST])
      assert.equal(apply([SETTINGS.HEADER_TABLE_SIZE, value]).headerTableSize, value)
  })

  it('SETTINGS_ENABLE_PUSH of a server may only be 0', () => {
    assert.deepEqual(apply([SETTINGS.ENABLE_PUSH, 0]), defaultPeerSettings())
    for (const value of [1, 2, LARGEST])
      assert.throws(() => apply([SETTINGS.ENABLE_PUSH, value]), connectionError('PROTOCOL_ERROR', '§6.5.2'))
  })

  it('SETTINGS_MAX_CONCURRENT_STREAMS may be anything, nothing too', () => {
    for (const value of [0, 1, 1000, LARGEST])
      assert.equal(apply([SETTINGS.MAX_CONCURRENT_STREAMS, value]).maxConcurrentStreams, value)
  })

  it('SETTINGS_INITIAL_WINDOW_SIZE ends with 2^31-1', () => {
    for (const value of [0, 1, 2 ** 31 - 1])
      assert.equal(apply([SETTINGS.INITIAL_WINDOW_SIZE, value]).initialWindowSize, value)
    for (const value of [2 ** 31, LARGEST])
      assert.throws(
        () => apply([SETTINGS.INITIAL_WINDOW_SIZE, value]),
        connectionError('FLOW_CONTROL_ERROR', '§6.5.2'),
      )
  })

  it('SETTINGS_MAX_FRAME_SIZE goes from 2^14 to 2^24-1', () => {
    for (const value of [2 ** 14, 2 ** 14 + 1, 2 ** 24 - 1])
      assert.equal(apply([SETTINGS.MAX_FRAME_SIZE, value]).maxFrameSize, value)
    for (const value of [0, 2 ** 14 - 1, 2 ** 24, LARGEST])
      assert.throws(
        () => apply([SETTINGS.MAX_FRAME_SIZE, value]),
        connectionError('PROTOCOL_ERROR', '§6.5.2'),
      )
  })

  it('SETTINGS_MAX_HEADER_LIST_SIZE is advice, and unknown ones are ignored, whatever they say', () => {
    const unknown = fc.oneof(
      fc.constantFrom(0, 6, 7, 8, 9, 0x0a0a, 0xffff),
      fc.integer({ min: 7, max: 0xffff }),
    )
    fc.assert(
      fc.property(unknown, fc.nat(LARGEST), (id, value) =>
        assert.deepEqual(apply([id, value]), defaultPeerSettings()),
      ),
    )
  })
})

describe('a SETTINGS frame', () => {
  it('may say several things; what it does not mention stays', () => {
    const settings = changed({ maxFrameSize: 20_000 })
    const frame = settingsFrame(
      [SETTINGS.INITIAL_WINDOW_SIZE, 5],
      [0xfe, 7],
      [SETTINGS.MAX_CONCURRENT_STREAMS, 1],
    )
    applySettings(frame, settings)
    assert.deepEqual(
      settings,
      changed({ maxFrameSize: 20_000, initialWindowSize: 5, maxConcurrentStreams: 1 }),
    )
  })

  it('is read in order: of several values for one setting the last counts (§6.5.3)', () => {
    assert.deepEqual(
      apply([3, 7], [4, 100], [3, 8], [4, 200], [5, 2 ** 15], [5, 2 ** 14]),
      changed({ maxConcurrentStreams: 8, initialWindowSize: 200 }),
    )
  })

  it('is refused for a wrong value, though a right one follows', () => {
    for (const entries of [
      [
        [5, 1],
        [5, 2 ** 14],
      ],
      [
        [2, 1],
        [2, 0],
      ],
    ] as Entry[][])
      assert.throws(() => apply(...entries), connectionError('PROTOCOL_ERROR', '§6.5.2'))
  })

  it('remembers the smallest table size in between, for the encoder (RFC 7541 §4.2)', () => {
    assert.deepEqual(apply([1, 0], [1, 4096]), changed({ leastHeaderTableSize: 0 }))
    const settings = apply([1, 500], [1, 100], [1, 200])
    assert.deepEqual([settings.leastHeaderTableSize, settings.headerTableSize], [100, 200])
    applySettings(settingsFrame([1, 4096]), settings)
    assert.deepEqual([settings.leastHeaderTableSize, settings.headerTableSize], [200, 4096])
    applySettings(settingsFrame([3, 1]), settings)
    assert.deepEqual([settings.leastHeaderTableSize, settings.headerTableSize], [4096, 4096])
  })

  it('consists of whole entries (§6.5)', () => {
    for (let length = 0; length <= 19; length++) {
      const frame = frameOf({ type: 4, payload: Buffer.alloc(length) })
      const read = () => applySettings(frame, defaultPeerSettings())
      if (length % 6 === 0) read()
      else assert.throws(read, connectionError('FRAME_SIZE_ERROR', '§6.5'), `${length} octets`)
    }
  })

  it('is counted by its entries', () => {
    assert.equal(countSettings(settingsFrame()), 0)
    assert.equal(countSettings(settingsFrame([1, 1], [9, 1], [1, 1])), 3)
  })
})

describe('an acknowledgement of settings (RFC 9113 §6.5)', () => {
  it('is told by its flag', () => {
    assert.equal(isSettingsAck(frameOf({ type: 4, flags: 0 })), false)
    assert.equal(isSettingsAck(frameOf({ type: 4, flags: 0xfe })), false)
    for (const flags of [1, 0xff]) assert.equal(isSettingsAck(frameOf({ type: 4, flags })), true)
  })

  it('says nothing more', () => {
    for (const length of [1, 6, 12])
      assert.throws(
        () => isSettingsAck(frameOf({ type: 4, flags: 1, payload: Buffer.alloc(length) })),
        connectionError('FRAME_SIZE_ERROR', '§6.5'),
      )
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect } from './support/scripted-peer.ts'
import {
  answer,
  continuation,
  data,
  fieldBlock,
  frame,
  headers,
  ping,
  priority,
  reset,
  settings,
  windowUpdate,
} from './support/wire.ts'

const OK = [[':status', '200']] as const
const CALM = /^GOAWAY ENHANCE_YOUR_CALM RFC 9113 §10\.5/

/** Frames that are allowed one by one, and carry nothing. */
const FLOODS = {
  SETTINGS: () => settings({ MAX_CONCURRENT_STREAMS: 100 }),
  PING: () => ping(),
  'PING ack': () => ping('abcdefgh', true),
  'empty DATA': () => data(1, ''),
  'DATA of one octet': () => data(1, 'x'),
  'DATA of nothing but padding': () => data(1, '', { padding: 10 }),
  'WINDOW_UPDATE of the connection': () => windowUpdate(0, 1),
  'WINDOW_UPDATE of a stream': () => windowUpdate(1, 1),
  'WINDOW_UPDATE of a stream that is gone': () => windowUpdate(3, 1),
  'RST_STREAM of a stream that is gone': () => reset(3, 'NO_ERROR'),
  'HEADERS on a stream that we have reset': () => headers(5, OK),
  'DATA on a stream that we have reset': () => data(5, ''),
  PRIORITY: () => priority(1),
  'an unknown type': () => frame({ type: 0xfa, payload: Buffer.alloc(3) }),
  GOAWAY: () => frame({ type: 'GOAWAY', payload: Buffer.from('7fffffff00000000', 'hex') }),
  'informational responses': () => headers(7, [[':status', '103']]),
}

describe('frames that cost work and carry nothing (RFC 9113 §10.5)', () => {
  for (const [name, build] of Object.entries(FLOODS))
    test(`${name}: some are fine, a flood ends the connection`, async t => {
      const peer = await connect(t)
      const sent = await peer.handOver(4)
      peer.send(headers(1, OK), answer(3), headers(5, [['no-status', '']]))
      peer.send(...Array.from({ length: 500 }, build))
      await peer.turn()
      assert.ok(!sent[3]!.isAnswered)
      peer.heard()
      for (let at = 0; at < 100; at++) peer.send(...Array.from({ length: 100 }, build))
      assert.match((await peer.hear()).at(-1)!, CALM)
      assert.match(sent[3]!.outcome, /^unknown ENHANCE_YOUR_CALM/)
      assert.equal(sent[1]!.outcome, 'response 200')
    })

  test('spread over time they are no flood', async t => {
    const peer = await connect(t)
    for (let at = 0; at < 100; at++) {
      peer.send(...Array.from({ length: 100 }, () => ping()))
      peer.clock.advance(2000)
    }
    assert.ok(!(await peer.hear()).some(text => text.startsWith('GOAWAY')))
  })

  test('a SETTINGS frame full of entries weighs as much as many frames', async t => {
    const peer = await connect(t)
    const full = frame({
      type: 'SETTINGS',
      payload: Buffer.alloc(6 * 2730, Buffer.from('00ff00000001', 'hex')),
    })
    peer.send(...Array(10).fill(full))
    await peer.turn()
    peer.heard()
    peer.send(...Array(10).fill(full))
    assert.match((await peer.hear()).at(-1)!, CALM)
  })
})

describe('field blocks (§10.5.1)', () => {
  test('empty CONTINUATION frames without end', async t => {
    const peer = await connect(t)
    const [sent] = await peer.handOver()
    peer.send(
      headers(1, OK, { endHeaders: false }),
      ...Array(100).fill(continuation(1, Buffer.alloc(0), false)),
    )
    assert.match((await peer.hear()).join(), CALM)
    assert.match(sent!.outcome, /^unknown ENHANCE_YOUR_CALM/)
  })

  test('a block that goes on and on', async t => {
    const peer = await connect(t)
    await peer.handOver()
    const piece = continuation(1, Buffer.alloc(16_384), false)
    peer.send(headers(1, OK, { endHeaders: false }), piece, piece, piece)
    assert.deepEqual(await peer.hear(), [])
    peer.send(piece)
    assert.match((await peer.hear()).join(), CALM)
  })

  test('one in a few pieces is a block like any other', async t => {
    const peer = await connect(t)
    const [sent] = await peer.handOver()
    const block = fieldBlock([...OK, ['a', '1'], ['b', '2']])
    const pieces = [...block].map(octet => Buffer.from([octet]))
    peer.send(headers(1, pieces[0]!, { endHeaders: false, end: true, padding: 3, priority: true }))
    for (const piece of pieces.slice(1, -1)) peer.send(continuation(1, piece, false))
    peer.send(continuation(1, pieces.at(-1)!))
    const { result } = sent!
    assert.ok(result.kind === 'response')
    assert.deepEqual({ ...result.headers }, { a: '1', b: '2' })
  })

  test('a list larger than we take costs its stream, and not the table', async t => {
    const peer = await connect(t)
    const [large, fine] = await peer.handOver(2)
    const bomb = Buffer.concat([
      Buffer.from([0x88]),
      fieldBlock([['x', 'y'.repeat(3000)]]).fill(0x40, 0, 1),
      Buffer.alloc(100, 0xbe),
    ])
    peer.send(headers(1, bomb, { end: true }))
    assert.equal(large!.outcome, 'unknown CANCEL RFC 9113 §10.5.1')
    peer.send(headers(3, Buffer.from([0x88, 0xbe]), { end: true }))
    const { result } = fine!
    assert.ok(result.kind === 'response' && result.headers.x?.length === 3000)
    assert.deepEqual(await peer.hear(), ['RST_STREAM 1 CANCEL'])
  })

  test('one that cannot be decoded costs the connection (§4.3)', async t => {
    for (const [octets, section] of [
      [[0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], '§5.1'],
      [[0x80], '§6.1'],
      [[0xc0], '§2.3.3'],
      [[0x00, 0x85, 0xff, 0xff, 0xff, 0xff, 0xff], '§5.2'],
      [[0x88, 0x20], '§4.2'],
      [[0x3f, 0xe2, 0x1f], '§6.3'],
      [[0x00, 0x05, 0x61], '§5.2'],
    ] as const) {
      const peer = await connect(t)
      const [sent] = await peer.handOver()
      peer.send(headers(1, Buffer.from(octets), { end: true }))
      assert.equal(sent!.outcome, `unknown COMPRESSION_ERROR RFC 7541 ${section}`)
    }
  })
})

describe('a peer that asks and does not read the answers', () => {
  for (const [name, build] of Object.entries({ PING: () => ping(), SETTINGS: () => settings({}) }))
    test(`${name}, however slowly: what gathers for it is bounded`, async t => {
      const never = 10 ** 12
      const peer = await connect(t, { limits: { idleMs: never, pingMs: never, requestMs: never } })
      peer.transport.pause()
      const [sent] = await peer.handOver()
      let asked = 0
      for (; !sent!.isAnswered && asked < 1_000_000; asked += 500) {
        peer.send(...Array.from({ length: 500 }, build))
        peer.clock.advance(10_000)
      }
      assert.match(sent!.outcome, /^unknown ENHANCE_YOUR_CALM RFC 9113 §10\.5/)
    })
})

describe('what is no flood', () => {
  test('two window updates for each of 100,000 requests, and a reset for every fourth, at one instant', async t => {
    const peer = await connect(t, { limits: { streams: 1000 } })
    for (let round = 0; round < 100; round++) {
      const sent = await peer.handOver(1000)
      const replies = sent.flatMap(({ streamId }) => [
        windowUpdate(streamId, 100),
        windowUpdate(0, 100),
        streamId % 8 === 1 ? reset(streamId, 'REFUSED_STREAM') : answer(streamId),
      ])
      peer.send(...replies)
      assert.ok(sent.every(({ isAnswered }) => isAnswered))
    }
    assert.deepEqual(await peer.hear(), [])
    assert.equal(peer.connection.record.answers, 75_000)
  })

  test('a large body that is credited in small pieces', async t => {
    const peer = await connect(t)
    const [sent] = await peer.handOver(1, { body: Buffer.alloc(16 * 2 ** 20) })
    while (peer.written.at(-1)?.flags !== 1) {
      for (let at = 0; at < 4; at++) peer.send(windowUpdate(1, 4096), windowUpdate(0, 4096))
      await peer.turn()
    }
    peer.send(answer(1))
    assert.equal(sent!.outcome, 'response 200')
  })
})

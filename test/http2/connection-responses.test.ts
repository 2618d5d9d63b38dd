import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Http2Request } from '../../src/http2/http2-client.ts'
import { connect } from './support/scripted-peer.ts'
import {
  answer,
  continuation,
  data,
  type Field,
  fieldBlock,
  frame,
  headers,
  ping,
  reset,
} from './support/wire.ts'

const OK: Field = [':status', '200']
const length = (octets: number | string): Field => ['content-length', String(octets)]
const MALFORMED = 'unknown PROTOCOL_ERROR RFC 9113'

interface Case {
  frames: Buffer[]
  outcome: string
  body?: string
  request?: Partial<Http2Request>
}

/** What the peer says on stream 1, and what the request has from it. */
const CASES: Record<string, Case> = {
  'fields alone': { frames: [headers(1, [OK], { end: true })], outcome: 'response 200', body: '' },
  'fields and a body in pieces, padded and not': {
    frames: [headers(1, [OK]), data(1, 'a'), data(1, 'b', { padding: 200 }), data(1, 'c', { end: true })],
    outcome: 'response 200',
    body: 'abc',
  },
  'an end of its own': {
    frames: [headers(1, [OK]), data(1, 'a'), data(1, '', { end: true })],
    outcome: 'response 200',
    body: 'a',
  },
  'fields in pieces, which end the stream': {
    frames: [headers(1, [OK], { end: true, endHeaders: false }), continuation(1, fieldBlock([length(0)]))],
    outcome: 'response 200',
    body: '',
  },
  'priority and padding in front of the fields': {
    frames: [headers(1, [OK], { end: true, priority: true, padding: 7 })],
    outcome: 'response 200',
    body: '',
  },
  trailers: {
    frames: [headers(1, [OK]), data(1, 'a'), headers(1, [['x-sum', '1']], { end: true })],
    outcome: 'response 200',
    body: 'a',
  },
  'trailers without a body': {
    frames: [headers(1, [OK]), headers(1, [['x-sum', '1']], { end: true })],
    outcome: 'response 200',
    body: '',
  },
  'trailers that do not end it (§8.1)': {
    frames: [headers(1, [OK]), headers(1, [['x-sum', '1']])],
    outcome: `${MALFORMED} §8.1 200`,
  },
  'trailers with a status (§8.1)': {
    frames: [headers(1, [OK]), headers(1, [OK], { end: true })],
    outcome: `${MALFORMED} §8.3 200`,
  },
  'announced, then answered': {
    frames: [headers(1, [[':status', '100']]), headers(1, [[':status', '103']]), answer(1, 410)],
    outcome: 'response 410',
    body: '',
  },
  'announced, and no answer (§8.1)': {
    frames: [headers(1, [[':status', '103']], { end: true })],
    outcome: `${MALFORMED} §8.1`,
  },
  'announced, then a body without an answer (§8.1)': {
    frames: [headers(1, [[':status', '100']]), data(1, 'x')],
    outcome: `${MALFORMED} §8.1`,
  },
  'protocols are not switched here (§8.6)': {
    frames: [headers(1, [[':status', '101']])],
    outcome: `${MALFORMED} §8.6`,
  },
  'a body without fields (§8.1)': { frames: [data(1, 'x', { end: true })], outcome: `${MALFORMED} §8.1` },
  'an end without fields (§8.1)': { frames: [data(1, '', { end: true })], outcome: `${MALFORMED} §8.1` },
  'no fields at all': { frames: [headers(1, [], { end: true })], outcome: `${MALFORMED} §8.3.2` },
  'as long as it says': {
    frames: [headers(1, [OK, length(3)]), data(1, 'abc', { end: true, padding: 4 })],
    outcome: 'response 200',
    body: 'abc',
  },
  'shorter than it says (§8.1.1)': {
    frames: [headers(1, [OK, length(3)]), data(1, 'ab', { end: true })],
    outcome: `${MALFORMED} §8.1.1 200`,
  },
  'shorter, ended by trailers (§8.1.1)': {
    frames: [headers(1, [OK, length(3)]), headers(1, [['x-sum', '1']], { end: true })],
    outcome: `${MALFORMED} §8.1.1 200`,
  },
  'longer than it says, known before its end (§8.1.1)': {
    frames: [headers(1, [OK, length(3)]), data(1, 'abcd')],
    outcome: `${MALFORMED} §8.1.1 200`,
  },
  'nothing, though it says more (§8.1.1)': {
    frames: [headers(1, [OK, length(1)], { end: true })],
    outcome: `${MALFORMED} §8.1.1 200`,
  },
  'HEAD: it says how long the body would be': {
    frames: [headers(1, [OK, length(9)], { end: true })],
    outcome: 'response 200',
    body: '',
    request: { method: 'HEAD' },
  },
  'HEAD, with a body (§8.1.1)': {
    frames: [headers(1, [OK]), data(1, 'x', { end: true })],
    outcome: `${MALFORMED} §8.1.1 200`,
    request: { method: 'HEAD' },
  },
  '304 says how long the body would be': {
    frames: [answer(1, 304, length(9))],
    outcome: 'response 304',
    body: '',
  },
  '204 with a body (§8.1.1)': {
    frames: [headers(1, [[':status', '204']]), data(1, 'x', { end: true })],
    outcome: `${MALFORMED} §8.1.1 204`,
  },
  'as long as we take': {
    frames: [headers(1, [OK]), data(1, 'x'.repeat(100), { end: true })],
    outcome: 'response 200',
    body: 'x'.repeat(100),
  },
  'longer than we take: cut off': {
    frames: [headers(1, [OK]), data(1, 'x'.repeat(60)), data(1, 'y'.repeat(60)), data(1, 'z', { end: true })],
    outcome: 'response 200',
    body: 'x'.repeat(60) + 'y'.repeat(40),
  },
  'answered before our body is sent': {
    frames: [headers(1, [OK]), data(1, 'no', { end: true }), reset(1, 'NO_ERROR')],
    outcome: 'response 200',
    body: 'no',
    request: { body: Buffer.alloc(100_000) },
  },
}

describe('a response (RFC 9113 §8.1)', () => {
  for (const [name, { frames, outcome, body, request }] of Object.entries(CASES)) {
    test(`${name}: ${outcome}`, async t => {
      const peer = await connect(t, { limits: { responseBytes: 100 } })
      const [sent] = await peer.handOver(1, request)
      peer.send(...frames)
      assert.equal(sent!.outcome, outcome)
      if (sent!.result.kind === 'response') assert.equal(sent!.result.body.toString(), body)
      const said = await peer.hear()
      assert.ok(
        said.every(text => /^RST_STREAM 1 (CANCEL|PROTOCOL_ERROR)$/.test(text)),
        said.join(),
      )
      assert.equal(said.length, outcome.startsWith('unknown') || /cut|before our/.test(name) ? 1 : 0)
    })

    test(`${name}, octet by octet: the same`, async t => {
      const peer = await connect(t, { limits: { responseBytes: 100 } })
      const [sent] = await peer.handOver(1, request)
      for (const octet of Buffer.concat(frames)) peer.send(Buffer.from([octet]))
      assert.equal(sent!.outcome, outcome)
    })
  }

  test("fields of one name are one, and belong to nobody's prototype", async t => {
    const peer = await connect(t)
    const [sent] = await peer.handOver()
    peer.send(answer(1, 200, ['a', '1'], ['__proto__', 'x'], ['a', '2'], ['constructor', 'y']))
    const { result } = sent!
    assert.ok(result.kind === 'response')
    assert.deepEqual(Object.entries(result.headers), [
      ['a', '1, 2'],
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ])
    assert.equal(result.connection, peer.connection)
  })
})

describe('what leaves', () => {
  test('all that one turn of the event loop has to say leaves in one write', async t => {
    const peer = await connect(t)
    const writes = peer.transport.writes.length
    for (let at = 0; at < 50; at++) peer.request({ body: Buffer.from('{}') })
    peer.send(ping(), ping())
    await Promise.resolve()
    peer.request()
    assert.equal(peer.transport.writes.length, writes, 'not before the turn ends')
    const said = await peer.hear()
    assert.equal(said.length, 103)
    assert.equal(peer.transport.writes.length, writes + 1)
  })

  test('one write at a time: what comes meanwhile is gathered', async t => {
    const peer = await connect(t)
    const writes = peer.transport.writes.length
    peer.transport.pause()
    for (let at = 0; at < 10; at++) {
      peer.request()
      await peer.turn()
    }
    assert.equal(peer.transport.writes.length, writes + 1)
    peer.transport.resume()
    await peer.turn()
    assert.equal(peer.transport.writes.length, writes + 2)
    assert.equal(peer.heard().length, 10)
  })

  test('a goodbye need not wait for the write before it', async t => {
    const peer = await connect(t)
    peer.transport.pause()
    await peer.handOver()
    peer.send(frame({ type: 'PING' }))
    assert.deepEqual(await peer.hear(), ['GOAWAY FRAME_SIZE_ERROR RFC 9113 §6.7'])
    assert.ok(peer.transport.isEnded)
    peer.transport.resume()
    peer.hangUp()
  })
})

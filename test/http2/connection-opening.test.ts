import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect, meet, PREFACE, ScriptedPeer } from './support/scripted-peer.ts'
import {
  answer,
  data,
  frame,
  goaway,
  headers,
  ping,
  rawSettings,
  settings,
  settingsAck,
} from './support/wire.ts'

describe('saying hello (RFC 9113 §3.4)', () => {
  test('preface, settings and credit for the connection, octet by octet, in one write', async t => {
    const peer = meet(t)
    await peer.turn()
    const hello = Buffer.concat([
      Buffer.from(PREFACE),
      rawSettings([
        [2, 0],
        [6, 16_384],
      ]),
      Buffer.from('00000408000000000000 0f0001'.replaceAll(' ', ''), 'hex'),
    ])
    assert.deepEqual(peer.transport.writes, [hello])
    assert.equal(2 ** 20 - 65_535, 0x0f0001)
  })

  test('nothing is sent before the peer has announced its settings, which are acknowledged', async t => {
    const peer = meet(t)
    await peer.turn()
    assert.equal(peer.connection.freeStreams(), 0)
    assert.throws(() => peer.connection.request({} as never, () => {}))
    peer.heard()
    peer.send(settings({ MAX_CONCURRENT_STREAMS: 7 }))
    assert.deepEqual(peer.events, ['ready', 'settings'])
    assert.equal(peer.connection.freeStreams(), 7)
    assert.deepEqual(await peer.hear(), ['SETTINGS ack'])
  })

  test('a request at the moment of readiness leaves behind the acknowledgement', async t => {
    const peer = meet(t, { on: { onReady: () => void peer.request() } })
    await peer.turn()
    peer.heard()
    peer.send(settings())
    assert.deepEqual(await peer.hear(), ['SETTINGS ack', 'HEADERS 1 end'])
    peer.send(answer(1, 204))
    assert.equal(peer.requests[0]!.outcome, 'response 204')
  })

  const notSettings = {
    'SETTINGS ack': settingsAck(),
    PING: ping(),
    GOAWAY: goaway(0),
    HEADERS: headers(1, [[':status', '200']]),
    DATA: data(1, 'x'),
    'an unknown type': frame({ type: 0xbe }),
    'HTTP/1.1': Buffer.from('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n'),
  }
  for (const [name, bytes] of Object.entries(notSettings))
    test(`the first frame is ${name}: PROTOCOL_ERROR, or FRAME_SIZE_ERROR for what is no frame`, async t => {
      const peer = meet(t)
      await peer.turn()
      peer.heard()
      peer.send(bytes)
      const said = await peer.hear()
      assert.equal(said.length, 1)
      assert.match(said[0]!, /^GOAWAY (PROTOCOL_ERROR RFC 9113 §3.4|FRAME_SIZE_ERROR RFC 9113 §4.2)$/)
      assert.ok(peer.transport.isEnded)
      peer.hangUp()
      assert.deepEqual(peer.events.slice(0, 1), ['retired'])
      assert.match(peer.events[1]!, /^closed (PROTOCOL|FRAME_SIZE)_ERROR/)
    })
})

describe('the acknowledgement of our settings (§6.5.3)', () => {
  test('it is waited for, but not for ever', async t => {
    const peer = meet(t)
    peer.send(settings())
    const [sent] = await peer.handOver()
    peer.clock.advance(9999)
    assert.ok(!sent!.isAnswered)
    const gathered = peer.request()
    peer.clock.advance(1)
    assert.deepEqual(await peer.hear(), ['GOAWAY SETTINGS_TIMEOUT RFC 9113 §6.5.3'])
    assert.equal(sent!.outcome, 'unknown SETTINGS_TIMEOUT RFC 9113 §6.5.3')
    assert.equal(gathered.outcome, 'not-processed SETTINGS_TIMEOUT RFC 9113 §6.5.3')
  })

  test('a peer that never says anything', async t => {
    const peer = meet(t)
    await peer.turn()
    peer.heard()
    peer.clock.advance(10_000)
    assert.deepEqual(await peer.hear(), ['GOAWAY SETTINGS_TIMEOUT RFC 9113 §6.5.3'])
    peer.clock.advance(1000)
    assert.ok(peer.transport.isDestroyed, 'nobody waits longer for it to hang up')
    assert.deepEqual(peer.events, ['retired', 'closed SETTINGS_TIMEOUT RFC 9113 §6.5.3'])
  })

  test('once it is there nothing is waited for', async t => {
    const peer = await connect(t)
    peer.clock.advance(30_000)
    assert.deepEqual(await peer.hear(), [])
  })

  test('a second one acknowledges nothing: PROTOCOL_ERROR', async t => {
    const peer = await connect(t)
    peer.send(settingsAck())
    assert.deepEqual(await peer.hear(), ['GOAWAY PROTOCOL_ERROR RFC 9113 §6.5.3'])
  })

  test('one that says something: FRAME_SIZE_ERROR', async t => {
    const peer = await connect(t)
    peer.send(frame({ type: 'SETTINGS', flags: 1, payload: Buffer.alloc(6) }))
    assert.deepEqual(await peer.hear(), ['GOAWAY FRAME_SIZE_ERROR RFC 9113 §6.5'])
  })
})

describe('who is too early or too late', () => {
  test('a connection that is given up before the peer has said anything', async t => {
    const peer = meet(t)
    await peer.turn()
    peer.heard()
    peer.connection.retire()
    assert.deepEqual(await peer.hear(), ['GOAWAY NO_ERROR'])
    peer.send(settings())
    assert.deepEqual(peer.events, ['retired'], 'what comes after a goodbye is not read')
  })

  test('one that is given up before the transport is connected says nothing', async () => {
    const peer = new ScriptedPeer()
    peer.connection.retire()
    assert.ok(peer.transport.isDestroyed)
    assert.deepEqual(peer.events, ['retired', 'closed retired'])
    assert.deepEqual(peer.transport.writes, [])
    await peer.finish()
  })

  test('one that is lost before it was ready', t => {
    const peer = meet(t)
    peer.hangUp('ECONNRESET')
    assert.deepEqual(peer.events, ['retired', 'closed ECONNRESET'])
    peer.hangUp('again')
    peer.connection.abort('again')
    peer.connection.retire()
    peer.connection.receive(settings())
    assert.equal(peer.events.length, 2)
  })

  test('retiring twice says goodbye once', async t => {
    const peer = await connect(t)
    peer.connection.retire()
    peer.connection.retire()
    assert.deepEqual(await peer.hear(), ['GOAWAY NO_ERROR'])
    peer.hangUp()
    assert.equal(peer.events.at(-1), 'closed closed')
  })
})

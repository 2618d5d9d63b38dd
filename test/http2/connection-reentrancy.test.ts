import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect, meet, PREFACE, type ScriptedPeer } from './support/scripted-peer.ts'
import { answer, frame, goaway, headers, ping, reset, settings } from './support/wire.ts'

const GARBAGE = frame({ type: 'PING', payload: Buffer.alloc(1) })

describe('who sends the next request while frames are being handled', () => {
  test('when a stream becomes free, in the middle of a chunk', async t => {
    const next = () => {
      while (peer.connection.freeStreams() > 0 && peer.requests.length < 50) peer.request()
    }
    const peer: ScriptedPeer = await connect(t, {
      announced: { MAX_CONCURRENT_STREAMS: 10 },
      on: { onFreeStream: () => next() },
    })
    next()
    while (peer.requests.some(({ isAnswered }) => !isAnswered)) {
      await peer.turn()
      const open = peer.requests.filter(({ isAnswered }) => !isAnswered)
      const replies = open.map(({ streamId }, at) =>
        at % 3 === 0 ? reset(streamId, 'REFUSED_STREAM') : answer(streamId),
      )
      peer.send(...replies, settings(), ping())
    }
    assert.equal(peer.requests.length, 50)
  })

  test('when its own result comes: with what it asked before, and after', async t => {
    const peer = await connect(t)
    const again = () => {
      if (peer.requests.length < 5) peer.request({}, again)
    }
    peer.request({}, again)
    for (let at = 0; at < 5; at++) {
      await peer.turn()
      peer.send(answer(at * 2 + 1))
    }
    assert.equal(peer.requests.length, 5)
  })

  for (const [name, end] of Object.entries<(peer: ScriptedPeer) => void>({
    'the transport is gone': peer => peer.hangUp(),
    'the peer breaks a rule': peer => peer.send(GARBAGE),
    'the peer gives all up': peer => peer.send(goaway(0)),
    'it is aborted': peer => peer.connection.abort('stopping'),
  }))
    test(`when ${name} there is no free stream any more, in results and events alike`, async t => {
      const look = (peer: ScriptedPeer) => void free.push(peer.connection.freeStreams())
      const free: number[] = []
      const peer: ScriptedPeer = await connect(t, {
        on: { onRetired: () => look(peer), onClosed: () => look(peer), onFreeStream: () => look(peer) },
      })
      for (let at = 0; at < 3; at++) peer.request({}, () => look(peer))
      await peer.turn()
      end(peer)
      assert.ok(free.length >= 4)
      assert.deepEqual(free, Array(free.length).fill(0))
    })
})

describe('who gives the connection up while frames are being handled', () => {
  test('on a result: nothing that came behind it is read', async t => {
    const peer = await connect(t)
    peer.request({}, () => peer.connection.abort('enough'))
    const other = peer.request()
    await peer.turn()
    peer.send(answer(1), answer(3), GARBAGE)
    assert.equal(other.outcome, 'unknown enough')
  })

  test('on a result of GOAWAY, of a connection error and of the end', async t => {
    for (const end of [goaway(0), GARBAGE, reset(1, 'CANCEL'), reset(1, 'REFUSED_STREAM'), answer(1)])
      for (const giveUp of ['retire', 'abort'] as const) {
        const peer = await connect(t)
        for (let at = 0; at < 3; at++) peer.request({}, () => peer.connection[giveUp]('enough'))
        await peer.turn()
        peer.send(end, settings(), end)
        await peer.turn()
      }
  })

  test('on the last result of a connection error: what was gathered still does not leave', async t => {
    const peer = await connect(t)
    await peer.handOver()
    const gathered = peer.request({}, () => peer.connection.retire())
    peer.send(GARBAGE)
    assert.match(gathered.outcome, /^not-processed/)
    assert.ok((await peer.hear()).every(text => text.startsWith('GOAWAY')))
  })

  test('when it is ready, when settings come, when it retires', async t => {
    for (const event of ['onReady', 'onSettings', 'onRetired'] as const)
      for (const giveUp of ['retire', 'abort'] as const) {
        const peer: ScriptedPeer = meet(t, { on: { [event]: () => peer.connection[giveUp]('enough') } })
        peer.send(settings(), goaway(0), settings())
        await peer.turn()
      }
  })

  test('when a stream becomes free, with others under way', async t => {
    const peer: ScriptedPeer = await connect(t, { on: { onFreeStream: () => peer.connection.retire() } })
    const sent = await peer.handOver(3)
    peer.send(reset(1, 'CANCEL'), headers(3, [[':status', '200']]), answer(5))
    assert.equal(sent[2]!.outcome, 'response 200')
    assert.ok(peer.events.includes('retired'))
  })
})

describe('a callback that throws', () => {
  test('costs the connection, and nobody a result', async t => {
    const peer = await connect(t)
    peer.request({}, () => {
      throw new TypeError('a bug of the owner')
    })
    const other = peer.request()
    await peer.turn()
    peer.heard()
    peer.send(answer(1), answer(3))
    assert.match((await peer.hear()).join(), /^GOAWAY INTERNAL_ERROR TypeError at \S+:\d+$/)
    assert.match(other.outcome, /^unknown INTERNAL_ERROR/)
  })
})

describe('what is said first', () => {
  test('is the preface, also to a peer whose first octets are wrong and were there already', async t => {
    const peer = meet(t)
    peer.send(GARBAGE)
    assert.deepEqual(await peer.hear(), [
      'SETTINGS',
      'WINDOW_UPDATE 0 +983041',
      'GOAWAY PROTOCOL_ERROR RFC 9113 §3.4',
    ])
    assert.equal(peer.transport.writes[0]!.toString('latin1', 0, 24), PREFACE)
  })
})

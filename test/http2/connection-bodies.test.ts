import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { connect } from './support/scripted-peer.ts'
import { answer, goaway, reset, settings, windowUpdate } from './support/wire.ts'

const body = (size: number) => Buffer.alloc(size, 'b')
/** Octets of DATA on a stream; 0 for all streams. */
const octets = (said: string[], streamId = 0) =>
  said
    .map(text => /^DATA (\d+) (\d+)/.exec(text))
    .filter(match => match !== null && (streamId === 0 || Number(match[1]) === streamId))
    .reduce((sum, match) => sum + Number(match![2]), 0)

describe('a body waits for the windows of the peer (RFC 9113 §5.2, §6.9)', () => {
  test('as much as both windows take leaves at once', async t => {
    const peer = await connect(t)
    peer.request({ body: body(65_535) })
    assert.deepEqual(await peer.hear(), [
      'HEADERS 1',
      'DATA 1 16384',
      'DATA 1 16384',
      'DATA 1 16384',
      'DATA 1 16383 end',
    ])
    assert.equal(peer.transport.writes.length, 3, 'hello, acknowledgement, and the request in one')
  })

  test('the connection has less than the stream, then the stream less than the connection', async t => {
    const peer = await connect(t, { announced: { INITIAL_WINDOW_SIZE: 100_000 } })
    peer.request({ body: body(200_000) })
    assert.equal(octets(await peer.hear()), 65_535)
    peer.send(windowUpdate(1, 10))
    assert.deepEqual(await peer.hear(), [])
    peer.send(windowUpdate(0, 50_000))
    assert.equal(octets(await peer.hear()), 100_010 - 65_535)
    peer.send(windowUpdate(0, 1_000_000))
    assert.deepEqual(await peer.hear(), [])
    peer.send(windowUpdate(1, 99_989))
    assert.equal(octets(await peer.hear()), 99_989)
    peer.send(windowUpdate(1, 1000))
    assert.deepEqual(await peer.hear(), ['DATA 1 1 end'])
    peer.send(answer(1))
    assert.equal(peer.requests[0]!.outcome, 'response 200')
  })

  test('streams take turns when the connection has too little for all', async t => {
    const peer = await connect(t)
    for (let at = 0; at < 3; at++) peer.request({ body: body(65_535) })
    // The first one found the window untouched.
    const first = await peer.hear()
    assert.equal(octets(first, 1), 65_535)
    for (let at = 0; at < 3; at++) peer.request({ body: body(50_000) })
    await peer.turn()
    peer.heard()
    peer.send(windowUpdate(0, 5 * 16_384 + 10))
    const turns = ['3 16384', '5 16384', '7 16384', '9 16384', '11 16384', '3 10']
    assert.deepEqual(
      await peer.hear(),
      turns.map(turn => `DATA ${turn}`),
    )
    peer.send(windowUpdate(0, 50_000))
    const streams = (await peer.hear()).map(text => text.split(' ')[1])
    assert.deepEqual(streams, ['5', '7', '9', '11'])
  })

  test('a stream whose own window is used up holds nobody back', async t => {
    const peer = await connect(t, { announced: { INITIAL_WINDOW_SIZE: 10 } })
    peer.request({ body: body(20) })
    peer.request({ body: body(10) })
    peer.request({ body: body(20) })
    assert.deepEqual(await peer.hear(), [
      'HEADERS 1',
      'DATA 1 10',
      'HEADERS 3',
      'DATA 3 10 end',
      'HEADERS 5',
      'DATA 5 10',
    ])
    peer.send(windowUpdate(5, 10))
    assert.deepEqual(await peer.hear(), ['DATA 5 10 end'])
    peer.send(windowUpdate(1, 10))
    assert.deepEqual(await peer.hear(), ['DATA 1 10 end'])
  })

  test('HEADERS and bodies of nothing need no window', async t => {
    const peer = await connect(t)
    peer.request({ body: body(70_000) })
    assert.equal(octets(await peer.hear()), 65_535)
    peer.request()
    peer.request({ body: body(1) })
    assert.deepEqual(await peer.hear(), ['HEADERS 3 end', 'HEADERS 5'])
    peer.send(windowUpdate(0, 1))
    assert.equal(octets(await peer.hear()), 1)
  })
})

describe('WINDOW_UPDATE that breaks a rule (§6.9, §6.9.1)', () => {
  test('0 for a stream ends the stream, 0 for the connection ends that', async t => {
    const peer = await connect(t)
    const [first, second] = await peer.handOver(2)
    peer.send(windowUpdate(1, 0))
    assert.deepEqual(await peer.hear(), ['RST_STREAM 1 PROTOCOL_ERROR'])
    assert.equal(first!.outcome, 'unknown PROTOCOL_ERROR RFC 9113 §6.9')
    peer.send(windowUpdate(0, 0))
    assert.deepEqual(await peer.hear(), ['GOAWAY PROTOCOL_ERROR RFC 9113 §6.9'])
    assert.equal(second!.outcome, 'unknown PROTOCOL_ERROR RFC 9113 §6.9')
  })

  test('a stream window above 2^31-1 ends the stream, up to it is fine', async t => {
    const peer = await connect(t)
    const [first, second] = await peer.handOver(2)
    peer.send(windowUpdate(1, 2 ** 31 - 1 - 65_535), windowUpdate(3, 2 ** 31 - 65_535))
    assert.deepEqual(await peer.hear(), ['RST_STREAM 3 FLOW_CONTROL_ERROR'])
    assert.ok(!first!.isAnswered)
    assert.equal(second!.outcome, 'unknown FLOW_CONTROL_ERROR RFC 9113 §6.9.1')
  })

  test('a connection window above 2^31-1 ends the connection, up to it is fine', async t => {
    const peer = await connect(t)
    peer.send(windowUpdate(0, 2 ** 31 - 1 - 65_535))
    assert.deepEqual(await peer.hear(), [])
    peer.send(windowUpdate(0, 1))
    assert.deepEqual(await peer.hear(), ['GOAWAY FLOW_CONTROL_ERROR RFC 9113 §6.9.1'])
  })

  test('the reserved bit is ignored', async t => {
    const peer = await connect(t, { announced: { INITIAL_WINDOW_SIZE: 0 } })
    await peer.handOver(1, { body: body(5) })
    peer.send(windowUpdate(1, 2 ** 31 + 5))
    assert.deepEqual(await peer.hear(), ['DATA 1 5 end'])
  })
})

describe('a body that nobody waits for any more', () => {
  test('answered before it is sent: the rest stays here (§8.1)', async t => {
    const peer = await connect(t)
    const [sent] = await peer.handOver(1, { body: body(100_000) })
    peer.send(answer(1, 413))
    assert.equal(sent!.outcome, 'response 413')
    peer.send(windowUpdate(1, 100_000), windowUpdate(0, 100_000), reset(1, 'NO_ERROR'))
    assert.deepEqual(await peer.hear(), ['RST_STREAM 1 CANCEL'])
  })

  test('answered before it is sent, and before anything of it has left', async t => {
    const peer = await connect(t, { announced: { INITIAL_WINDOW_SIZE: 0 } })
    const [sent] = await peer.handOver(1, { body: body(10) })
    peer.send(answer(1, 403))
    assert.equal(sent!.outcome, 'response 403')
    peer.send(settings({ INITIAL_WINDOW_SIZE: 100 }))
    assert.deepEqual(await peer.hear(), ['RST_STREAM 1 CANCEL', 'SETTINGS ack'])
  })

  test('reset by the peer, or given up by GOAWAY: others get the window', async t => {
    const peer = await connect(t)
    await peer.handOver(4, { body: body(65_535) })
    peer.send(reset(3, 'CANCEL'), goaway(5), windowUpdate(0, 200_000))
    const said = await peer.hear()
    assert.ok(octets(said) > 0)
    assert.ok(
      said.every(text => /^DATA [15] /.test(text)),
      said.join(),
    )
    assert.equal(peer.requests[1]!.outcome, 'unknown reset CANCEL')
    assert.equal(peer.requests[3]!.outcome, 'not-processed goaway')
  })
})

describe('what is gathered while the peer does not read stays small', () => {
  test('bodies wait for room, whatever the windows', async t => {
    const windows = { INITIAL_WINDOW_SIZE: 2 ** 31 - 1, MAX_FRAME_SIZE: 2 ** 24 - 1 }
    const peer = await connect(t, { announced: windows })
    peer.send(windowUpdate(0, 2 ** 30))
    peer.transport.pause()
    const sizes = [2, 1, 3, 5].map(size => size * 100_000)
    for (const size of sizes) peer.request({ body: body(size) })
    await peer.turn()
    for (const size of sizes) peer.request({ body: body(size) })
    // One write is under way, and holds up the next.
    assert.deepEqual(await peer.hear(), [
      'HEADERS 1',
      // No frame larger than that, though the peer would take it.
      ...Array(3).fill('DATA 1 65536'),
      'DATA 1 3392 end',
      'HEADERS 3',
      'DATA 3 65536',
      'HEADERS 5',
      'HEADERS 7',
    ])
    peer.transport.resume()
    const rest = await peer.hear()
    assert.equal(octets(rest), 2_200_000 - 265_536)
    assert.ok(Math.max(...peer.transport.writes.map(({ length }) => length)) < 256 * 1024 + 65_536 + 1000)
    assert.equal(rest.filter(text => text.endsWith('end')).length, 7)
  })

  test('a body whose stream is closed is not kept, though the window stays shut', async t => {
    const peer = await connect(t)
    await peer.handOver(1, { body: body(65_535 + 1) })
    const bodies: WeakRef<Buffer>[] = []
    for (let round = 0; round < 20; round++) {
      const waiting = Buffer.alloc(100_000)
      bodies.push(new WeakRef(waiting))
      await peer.handOver(1, { body: waiting })
      peer.send(answer(peer.requests.at(-1)!.streamId, 403))
    }
    peer.send(windowUpdate(1, 10))
    assert.deepEqual(
      (await peer.hear()).filter(text => text.startsWith('DATA')),
      [],
    )
    // The last one may still be in a register of this function.
    assert.ok((await kept(bodies)) <= 1)
  })
})

/** Those that somebody still holds. */
async function kept(references: WeakRef<Buffer>[]): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // A reference that was looked at is held until the end of the turn.
  await setImmediate()
  collect()
  return references.filter(reference => reference.deref() !== undefined).length
}

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { meet, ScriptedPeer } from './support/scripted-peer.ts'
import {
  answer,
  continuation,
  data,
  fieldBlock,
  goaway,
  headers,
  ping,
  reset,
  settings,
  settingsAck,
  windowUpdate,
} from './support/wire.ts'

const REQUESTS = 6
/** What a server says to six requests, and what each has from it. */
const EXCHANGE = [
  settings({ MAX_CONCURRENT_STREAMS: 100, INITIAL_WINDOW_SIZE: 1000 }),
  settingsAck(),
  headers(
    1,
    [
      [':status', '200'],
      ['apns-id', 'a-b-c'],
    ],
    { end: true },
  ),
  ping(),
  windowUpdate(0, 5000),
  headers(3, [[':status', '103']]),
  headers(3, [[':status', '400']], { endHeaders: false }),
  continuation(3, fieldBlock([['content-length', '22']])),
  data(3, '{"reason":', { padding: 20 }),
  reset(5, 'REFUSED_STREAM'),
  windowUpdate(7, 5000),
  data(3, '"BadTopic"}\n', { end: true }),
  headers(7, Buffer.concat([Buffer.from([0x88, 0x40]), fieldBlock([['x', 'y']]).subarray(1)])),
  goaway(9, 'NO_ERROR', 'bye'),
  headers(7, Buffer.from([0xbe]), { end: true }),
  answer(9, 410),
]
const OUTCOMES = [
  'response 200',
  'response 400',
  'not-processed refused-stream',
  'response 200',
  'response 410',
  'not-processed goaway',
]
/** Where the last octet of each answer is. */
const ENDS = [2, 11, 9, 14, 15, 13].map(frame => Buffer.concat(EXCHANGE.slice(0, frame + 1)).length)
const BYTES = Buffer.concat(EXCHANGE)

/** Reads the exchange cut into pieces at `cuts`, up to the last one, and then loses the connection. */
async function play(peer: ScriptedPeer, cuts: number[]): Promise<string[]> {
  let at = 0
  for (const cut of cuts) {
    peer.send(BYTES.subarray(at, cut))
    at = cut
    while (peer.connection.freeStreams() > 0 && peer.requests.length < REQUESTS)
      peer.request({ body: Buffer.alloc(2000) })
    await peer.turn()
  }
  peer.hangUp()
  return peer.requests.map(({ outcome }) => outcome)
}

/** The settings come first: requests follow them. */
const BEGIN = EXCHANGE[0]!.length

describe('a connection that is cut', () => {
  test('nowhere: each request has its answer', async t => {
    assert.deepEqual(await play(meet(t), [BEGIN, BYTES.length]), OUTCOMES)
  })

  test('in two pieces, at every octet: the same answers', async t => {
    for (let at = BEGIN + 1; at < BYTES.length; at++)
      assert.deepEqual(await play(meet(t), [BEGIN, at, BYTES.length]), OUTCOMES)
  })

  test('octet by octet: the same answers', async t => {
    const cuts = Array.from(BYTES, (_octet, at) => at + 1)
    assert.deepEqual(await play(meet(t), cuts), OUTCOMES)
  })

  test('and ends at any octet: what had its answer keeps it, the rest is unknown, and nothing is left', async () => {
    for (let at = 0; at <= BYTES.length; at++) {
      const peer = new ScriptedPeer()
      peer.connection.start()
      const outcomes = await play(peer, at <= BEGIN ? [at] : [BEGIN, at])
      const known = outcomes.map(outcome =>
        outcome.replace(/^unknown (closed|goaway NO_ERROR)( \d+)?$/, 'unknown'),
      )
      const expected = OUTCOMES.map((outcome, index) => (ENDS[index]! <= at ? outcome : 'unknown'))
      assert.deepEqual(known, at < BEGIN ? [] : expected, `cut at ${at}`)
      await peer.finish()
    }
  })
})

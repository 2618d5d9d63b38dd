import fc from 'fast-check'
import { ScriptedPeer } from '../support/scripted-peer.ts'
import {
  CODES,
  continuation,
  data,
  fieldBlock,
  frame,
  goaway,
  headers,
  ping,
  priority,
  rawSettings,
  reset,
  settings,
  settingsAck,
  windowUpdate,
} from '../support/wire.ts'

/** A move of the peer's, of the owner's, or of time. */
type Step = (peer: ScriptedPeer) => void | Promise<void>

const MOST_STEPS = 300

/** Which stream, and of which kind; mostly one that is open, so that connections live for a while. */
const streamId = fc.oneof(
  {
    weight: 500,
    arbitrary: fc.nat(12).map(index => (peer: ScriptedPeer) => {
      const open = peer.requests.filter(({ isAnswered, streamId: id }) => !isAnswered && peer.knows(id))
      return open[index % open.length]?.streamId
    }),
  },
  { weight: 1, arbitrary: fc.nat(12).map(index => () => index * 2 + 1) },
  { weight: 1, arbitrary: fc.constantFrom(0, 2, 999, 2 ** 31 - 1).map(id => () => id) },
)
/** A frame, once its stream is chosen; undefined if there is none. */
type Build = (peer: ScriptedPeer) => Buffer | undefined

function onStream<Parts>(
  parts: fc.Arbitrary<Parts>,
  build: (id: number, parts: Parts) => Buffer,
): fc.Arbitrary<Build> {
  return fc.tuple(streamId, parts).map(([choose, chosen]) => peer => {
    const id = choose(peer)
    return id === undefined ? undefined : build(id, chosen)
  })
}

const code = fc.oneof(fc.constantFrom(...CODES), fc.nat(2 ** 32 - 1))
const amount = fc.oneof(
  { weight: 50, arbitrary: fc.integer({ min: 1, max: 100_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 2 ** 31 - 1, 2 ** 31) },
)
const block = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom('200', '204', '400', '410').map(status => fieldBlock([[':status', status]])),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      Buffer.from([0x88]),
      Buffer.from([0x48, 3, 0x34, 0x30, 0x33]),
      Buffer.from([0xbe]),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('100', '103', '101').map(status => fieldBlock([[':status', status]])),
  },
  { weight: 2, arbitrary: fc.constant(fieldBlock([['x-trailer', 'z']])) },
  {
    weight: 2,
    arbitrary: fc.nat(50).map(octets =>
      fieldBlock([
        [':status', '200'],
        ['content-length', String(octets)],
      ]),
    ),
  },
)
const broken = fc.uint8Array({ maxLength: 20 }).map(octets => Buffer.from(octets))
const body = fc.nat(60).map(octets => Buffer.alloc(octets, 'r'))
const shape = fc.record({
  end: fc.boolean(),
  padding: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, fc.nat(20)),
})
const settingsFrame = fc.oneof(
  fc.nat(20).map(limit => settings({ MAX_CONCURRENT_STREAMS: limit })),
  fc.nat(70_000).map(size => settings({ INITIAL_WINDOW_SIZE: size })),
  fc.nat(5000).map(size => settings({ HEADER_TABLE_SIZE: size })),
  fc.array(fc.tuple(fc.constantFrom(1, 3, 6, 9), fc.nat()), { maxLength: 3 }).map(rawSettings),
)
const headersFrame = onStream(
  fc.record({ block, shape, hasPriority: fc.boolean(), isSplit: fc.boolean() }),
  (id, { block: fields, shape: { end, padding }, hasPriority, isSplit }) => {
    const options = { end, priority: hasPriority, ...(padding === undefined ? {} : { padding }) }
    if (!isSplit) return headers(id, fields, options)
    const head = headers(id, fields.subarray(0, 1), { ...options, endHeaders: false })
    return Buffer.concat([head, continuation(id, fields.subarray(1))])
  },
)
const dataFrame = onStream(fc.record({ body, shape }), (id, { body: octets, shape: { end, padding } }) =>
  data(id, octets, { end, ...(padding === undefined ? {} : { padding }) }),
)
/** Anything that has a head. */
const anyFrame = onStream(
  fc.record({ type: fc.nat(12), flags: fc.nat(255), octets: fc.uint8Array({ maxLength: 12 }) }),
  (id, { octets, ...head }) => frame({ ...head, streamId: id, payload: Buffer.from(octets) }),
)
const always = (bytes: fc.Arbitrary<Buffer>): fc.Arbitrary<Build> => bytes.map(fixed => () => fixed)

const peerFrame = fc.oneof(
  { weight: 120, arbitrary: headersFrame },
  { weight: 120, arbitrary: dataFrame },
  { weight: 2, arbitrary: onStream(broken, (id, octets) => headers(id, octets, { end: true })) },
  { weight: 50, arbitrary: onStream(amount, windowUpdate) },
  {
    weight: 20,
    arbitrary: always(fc.integer({ min: 1, max: 100_000 }).map(octets => windowUpdate(0, octets))),
  },
  { weight: 30, arbitrary: always(settingsFrame) },
  { weight: 30, arbitrary: onStream(code, reset) },
  { weight: 20, arbitrary: always(fc.boolean().map(isAck => ping('pingpong', isAck))) },
  { weight: 10, arbitrary: onStream(fc.constant(undefined), priority) },
  { weight: 3, arbitrary: onStream(code, goaway) },
  { weight: 1, arbitrary: always(fc.constant(settingsAck())) },
  { weight: 2, arbitrary: anyFrame },
)

/** A frame in two pieces; the second one begins where the frame is over, or not. */
const chunk = fc.tuple(peerFrame, fc.nat(200)).map(
  ([build, cut]): Step =>
    peer => {
      const bytes = build(peer)
      if (!bytes) return
      peer.send(Buffer.from(bytes.subarray(0, cut)))
      peer.send(Buffer.from(bytes.subarray(cut)))
    },
)

const request = fc
  .record({
    octets: fc.oneof(fc.nat(100), fc.nat(100_000)),
    again: fc.boolean(),
    method: fc.constantFrom('POST', 'HEAD'),
  })
  .map(
    ({ octets, again, method }): Step =>
      peer => {
        const ask = () => {
          if (peer.connection.freeStreams() === 0) return
          // Some send the next request from within the result of the last one.
          peer.request({ method, body: Buffer.alloc(octets) }, again ? ask : undefined)
        }
        ask()
      },
  )

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 300, arbitrary: chunk },
  { weight: 50, arbitrary: request },
  { weight: 50, arbitrary: fc.constant((peer: ScriptedPeer) => peer.turn()) },
  { weight: 4, arbitrary: fc.nat(20_000).map(ms => (peer: ScriptedPeer) => peer.clock.advance(ms)) },
  { weight: 3, arbitrary: fc.constant((peer: ScriptedPeer) => peer.transport.pause()) },
  { weight: 3, arbitrary: fc.constant((peer: ScriptedPeer) => peer.transport.resume()) },
  { weight: 1, arbitrary: fc.constant((peer: ScriptedPeer) => peer.connection.retire()) },
  { weight: 1, arbitrary: fc.constant((peer: ScriptedPeer) => peer.connection.abort('aborted')) },
  { weight: 1, arbitrary: fc.constant((peer: ScriptedPeer) => peer.hangUp('gone')) },
)

/** Plays frames in any order, with an owner who does anything in between. Throws with the seed, and the shortest case. */
export async function fuzzFrames(seed: number, runs: number): Promise<number> {
  let frames = 0
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 50, maxLength: MOST_STEPS, size: 'max' }),
    async steps => {
      const peer = new ScriptedPeer({ limits: { responseBytes: 100 } })
      peer.connection.start()
      peer.send(settings({ MAX_CONCURRENT_STREAMS: 13 }), settingsAck())
      for (const play of steps) {
        await play(peer)
        frames += peer.takeHandled()
        if (peer.transport.isEnded || peer.transport.isDestroyed) break
      }
      peer.transport.resume()
      await peer.finish()
    },
  )
  await fc.assert(property, { seed, numRuns: runs, verbose: false })
  return frames
}

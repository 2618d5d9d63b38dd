import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect, type ScriptedPeer } from './support/scripted-peer.ts'
import {
  answer,
  continuation,
  data,
  fieldBlock,
  frame,
  goaway,
  headers,
  ping,
  priority,
  reset,
  TYPES,
  type TypeName,
  uint32,
  windowUpdate,
} from './support/wire.ts'

const OK = [[':status', '200']] as const
const BODY = { body: Buffer.alloc(70_000) }

/** Each brings a peer to the state, and answers the stream that is in it. */
const STATES = {
  /** Our next stream. */
  idle: async () => 1,
  /** Its HEADERS wait for this turn to end: the peer cannot know it. */
  gathered: async peer => peer.request().streamId,
  /** Our body is not sent yet. */
  open: async peer => (await peer.handOver(1, BODY))[0]!.streamId,
  'open, answering': async peer => {
    await peer.handOver(1, BODY)
    peer.send(headers(1, OK))
    return 1
  },
  /** Our side is done: `half-closed (local)`. */
  'half-closed': async peer => (await peer.handOver())[0]!.streamId,
  'half-closed, answering': async peer => {
    await peer.handOver()
    peer.send(headers(1, OK))
    return 1
  },
  answered: async peer => {
    await peer.handOver()
    peer.send(answer(1))
    return 1
  },
  'reset by us': async peer => {
    await peer.handOver()
    peer.clock.advance(10)
    await peer.turn()
    return 1
  },
  'answered before we were done': async peer => {
    await peer.handOver(1, BODY)
    peer.send(answer(1))
    return 1
  },
  'reset by the peer': async peer => {
    await peer.handOver()
    peer.send(reset(1, 'CANCEL'))
    return 1
  },
  'the connection': async () => 0,
  /** The peer's own streams: it may open none. */
  even: async peer => {
    await peer.handOver(2)
    return 2
  },
  /** Fields of stream 1 have begun, and not ended. */
  'within a field block': async peer => {
    await peer.handOver(1)
    peer.send(headers(1, OK, { endHeaders: false }))
    return 1
  },
  /** The same, and the frame is of another stream. */
  'within the field block of another stream': async peer => {
    await peer.handOver(2)
    peer.send(headers(1, OK, { endHeaders: false }))
    return 3
  },
} satisfies Record<string, (peer: ScriptedPeer) => Promise<number>>

const FRAMES: Record<TypeName | 'unknown', (streamId: number) => Buffer> = {
  DATA: streamId => data(streamId, 'x'),
  HEADERS: streamId => headers(streamId, OK, { end: true }),
  PRIORITY: priority,
  RST_STREAM: streamId => reset(streamId, 'CANCEL'),
  SETTINGS: streamId => frame({ type: 'SETTINGS', streamId }),
  PUSH_PROMISE: streamId =>
    frame({ type: 'PUSH_PROMISE', flags: 4, streamId, payload: Buffer.concat([uint32(2), fieldBlock(OK)]) }),
  PING: streamId => Buffer.concat([ping()]).fill(uint32(streamId), 5, 9),
  GOAWAY: streamId => Buffer.concat([goaway(99)]).fill(uint32(streamId), 5, 9),
  WINDOW_UPDATE: streamId => windowUpdate(streamId, 1),
  CONTINUATION: streamId => continuation(streamId, Buffer.alloc(0)),
  unknown: streamId => frame({ type: 0xc0, streamId, payload: Buffer.from('?') }),
}

type Outcome = 'fine' | `RST_STREAM ${string}` | `GOAWAY ${string}`

const MALFORMED = 'RST_STREAM PROTOCOL_ERROR §8'
/** In the order of STATES. What RFC 9113 demands; where it leaves a choice (§5.1, "closed"), what we have chosen. */
const OUTCOMES: Record<keyof typeof FRAMES, (section: string) => Outcome[]> = {
  DATA: section => [
    ...idle,
    MALFORMED,
    'fine',
    MALFORMED,
    'fine',
    'GOAWAY STREAM_CLOSED §5.1',
    'fine',
    'fine',
    'GOAWAY STREAM_CLOSED §5.1',
    ...noneOrEven(section),
    ...inBlock,
  ],
  HEADERS: section => [
    ...idle,
    'fine',
    // `:status` in trailers.
    MALFORMED,
    'fine',
    MALFORMED,
    'GOAWAY STREAM_CLOSED §5.1',
    'fine',
    'fine',
    'GOAWAY STREAM_CLOSED §5.1',
    ...noneOrEven(section),
    ...inBlock,
  ],
  PRIORITY: section => [...fine(10), `GOAWAY PROTOCOL_ERROR ${section}`, 'fine', ...inBlock],
  RST_STREAM: section => [...idle, ...fine(8), ...noneOrEven(section), ...inBlock],
  SETTINGS: section => [...never(10, section), 'fine', ...never(1, section), ...inBlock],
  PUSH_PROMISE: section => [...never(12, section), ...inBlock],
  PING: section => [...never(10, section), 'fine', ...never(1, section), ...inBlock],
  GOAWAY: section => [...never(10, section), 'fine', ...never(1, section), ...inBlock],
  WINDOW_UPDATE: () => [...idle, ...fine(8), 'fine', ...never(1, '§5.1'), ...inBlock],
  CONTINUATION: section => [...never(12, section), 'fine', ...never(1, section)],
  unknown: () => [...fine(12), ...inBlock],
}

function noneOrEven(section: string): Outcome[] {
  return [...never(1, section), ...never(1, '§5.1')]
}

function never(times: number, section: string): Outcome[] {
  return Array(times).fill(`GOAWAY PROTOCOL_ERROR ${section}`)
}

function fine(times: number): Outcome[] {
  return Array(times).fill('fine')
}

const idle = never(2, '§5.1')
const inBlock = never(2, '§6.10')

describe('every frame in every state (RFC 9113 §5.1)', () => {
  for (const type of [...TYPES, 'unknown'] as const) {
    const outcomes = OUTCOMES[type](`§6.${TYPES.indexOf(type as TypeName) + 1}`)
    for (const [at, [state, bring]] of Object.entries(STATES).entries())
      test(`${type}, ${state}: ${outcomes[at]}`, async t => {
        assert.equal(outcomes.length, Object.keys(STATES).length)
        const peer = await connect(t, { limits: { requestMs: 10 } })
        const streamId = await bring(peer)
        if (state !== 'gathered') await peer.turn()
        peer.heard()
        peer.send(FRAMES[type](streamId))
        const said = (await peer.hear()).find(
          text => /^(RST_STREAM|GOAWAY)/.test(text) && text !== 'GOAWAY NO_ERROR',
        )
        assert.match(simplified(said, peer), new RegExp(`^${outcomes[at]}`))
        const isOver = outcomes[at]!.startsWith('GOAWAY')
        assert.equal(peer.transport.isEnded, isOver || (type === 'GOAWAY' && state === 'the connection'))
      })
  }
})

test('so many of our resets are remembered, and not more: older streams are closed for good', async t => {
  const peer = await connect(t)
  for (let at = 0; at <= 4096; at++) {
    const [sent] = await peer.handOver()
    peer.send(headers(sent!.streamId, [], { end: true }))
  }
  await peer.turn()
  peer.heard()
  peer.send(data(3, 'late'))
  assert.deepEqual(await peer.hear(), [])
  peer.send(data(1, 'too late'))
  assert.deepEqual(await peer.hear(), ['GOAWAY STREAM_CLOSED RFC 9113 §5.1'])
})

/** `GOAWAY PROTOCOL_ERROR §6.1`; for a stream, with the section that its result names. */
function simplified(said: string | undefined, peer: ScriptedPeer): string {
  if (said?.startsWith('GOAWAY')) return said.replace('RFC 9113 ', '')
  // Answered before our body was sent: that is no error.
  if (said === undefined || said === 'RST_STREAM 1 CANCEL') return 'fine'
  return said.replace(/ \d+/, '') + peer.requests[0]!.outcome.replace(/.*RFC 9113/, '')
}

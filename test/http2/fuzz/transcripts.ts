import { performServerHandshake, type ServerHttp2Stream } from 'node:http2'
import { duplexPair } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { ScriptedPeer } from '../support/scripted-peer.ts'
import {
  continuation,
  data,
  type Field,
  fieldBlock,
  frame,
  headers,
  ping,
  priority,
  reset,
  settings,
  settingsAck,
  windowUpdate,
} from '../support/wire.ts'
import type { Random } from './random.ts'

export const REQUESTS = 40

/** What a server said to that many requests. */
export type Transcript = Buffer

/** The body of the request with this index. */
export function bodyOf(index: number): Buffer {
  return Buffer.alloc((index * 37) % 300)
}

/** A valid one, with everything that a server may say, in any order that is allowed. */
export function writeTranscript(random: Random): Transcript {
  const streams = Array.from({ length: REQUESTS }, (_item, index) => responseFrames(random, index * 2 + 1))
  const frames = [settings({ MAX_CONCURRENT_STREAMS: 100 + random.below(9) }), settingsAck()]
  while (streams.length > 0) {
    const at = random.below(streams.length)
    frames.push(...streams[at]!.splice(0, 1))
    if (streams[at]!.length === 0) streams.splice(at, 1)
    if (random.chance(0.4)) frames.push(controlFrame(random))
  }
  return Buffer.concat(frames)
}

/** Each of them leaves what is open as it is. */
function controlFrame(random: Random): Buffer {
  const streamId = random.below(REQUESTS) * 2 + 1
  return random.pick([
    () => ping(),
    () => ping('foreign!', true),
    () => windowUpdate(0, 1 + random.below(100)),
    () => windowUpdate(streamId, 1 + random.below(100)),
    () => priority(streamId),
    () => settings({ HEADER_TABLE_SIZE: random.below(5000) }),
    () => settings({ INITIAL_WINDOW_SIZE: 65_535 + random.below(100), MAX_FRAME_SIZE: 16_384 }),
    () =>
      frame({ type: 10 + random.below(200), flags: random.below(256), streamId, payload: random.bytes(5) }),
  ])()
}

function responseFrames(random: Random, streamId: number): Buffer[] {
  if (random.chance(0.1)) return [reset(streamId, random.below(20))]
  const pieces = Array.from({ length: random.below(12) }, () => 'b'.repeat(1 + random.below(20)))
  const fields: Field[] = [
    [':status', random.pick(['200', '400', '410', '429', '503'])],
    ['content-length', String(pieces.join('').length)],
    ['x'.repeat(1 + random.below(20)), 'v'.repeat(random.below(60))],
  ]
  const informational = random.chance(0.1) ? [headers(streamId, [[':status', '103']])] : []
  const padding = random.chance(0.2) ? { padding: random.below(20) } : {}
  return [
    ...informational,
    headersFrame(random, streamId, fields),
    ...pieces.map(piece => data(streamId, piece, padding)),
    random.chance(0.2)
      ? headers(streamId, [['x-trailer', '1']], { end: true, ...padding })
      : data(streamId, '', { end: true, ...padding }),
  ]
}

/** With its CONTINUATION, for nothing may come between them. */
function headersFrame(random: Random, streamId: number, fields: readonly Field[]): Buffer {
  const block = fieldBlock(fields)
  if (random.chance(0.7)) return headers(streamId, block)
  const at = random.below(block.length)
  return Buffer.concat([
    headers(streamId, block.subarray(0, at), { endHeaders: false }),
    continuation(streamId, block.subarray(at)),
  ])
}

/** What Node's own server (nghttp2) says to those requests: it uses Huffman code and the dynamic table. */
export async function recordTranscript(): Promise<Transcript> {
  const [near, far] = duplexPair()
  const session = performServerHandshake(far)
  session.on('stream', answerAsNode)
  const pieces: Buffer[] = []
  const peer = new ScriptedPeer()
  peer.transport.onWrite = bytes => void near.write(bytes)
  near.on('data', (bytes: Buffer) => {
    pieces.push(Buffer.from(bytes))
    peer.send(bytes)
    while (peer.requests.length < REQUESTS && peer.connection.freeStreams() > 0)
      peer.request({ path: `/${peer.requests.length}`, body: bodyOf(peer.requests.length) })
  })
  peer.connection.start()
  while (peer.requests.length < REQUESTS || peer.requests.some(({ isAnswered }) => !isAnswered))
    await setImmediate()
  peer.connection.abort('recorded')
  session.destroy()
  near.destroy()
  return Buffer.concat(pieces)
}

function answerAsNode(stream: ServerHttp2Stream, { ':path': path = '/' }: { ':path'?: string }): void {
  const index = Number(path.slice(1))
  stream.on('error', () => {})
  stream.resume()
  if (index % 10 === 9) {
    stream.close(index % 4 === 1 ? 7 : 8)
    return
  }
  if (index % 7 === 0) stream.additionalHeaders({ ':status': 103, link: '</a>; rel=preload' })
  stream.respond({ ':status': 200 + index, 'apns-id': `id-${index % 5}`, 'content-type': 'application/json' })
  stream.end(index % 3 === 0 ? undefined : JSON.stringify({ reason: `Reason${index}` }))
}

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Connection } from '../../../src/http2/connection.ts'
import type { ConnectionEvents, ConnectionLimits } from '../../../src/http2/connection-options.ts'
import type { Http2Request, RequestResult } from '../../../src/http2/http2-client.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { judge } from './exactness.ts'
import { describe, FrameParser } from './frame-parser.ts'
import { MemoryTransport } from './memory-transport.ts'
import { settings, settingsAck } from './wire.ts'

export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

export const LIMITS: ConnectionLimits = {
  streams: 100,
  requestMs: 15_000,
  responseBytes: 64 * 1024,
  settingsMs: 10_000,
  closeMs: 1000,
  pingMs: 60_000,
  pingTimeoutMs: 10_000,
  idleMs: 3_600_000,
  lastStreamId: 2 ** 31 - 1,
}

/** A request that a test has made, with all results that it got. */
export class Sent {
  readonly streamId: number
  readonly results: RequestResult[] = []

  constructor(streamId: number) {
    this.streamId = streamId
  }

  get isAnswered(): boolean {
    return this.results.length > 0
  }

  get result(): RequestResult {
    assert.equal(this.results.length, 1, `results of the request on stream ${this.streamId}`)
    return this.results[0]!
  }

  /** `response 200`, `not-processed goaway`, `unknown closed`, `unknown closed 200`. */
  get outcome(): string {
    const { result } = this
    if (result.kind === 'response') return `response ${result.status}`
    const status = result.kind === 'unknown' && result.status !== undefined ? ` ${result.status}` : ''
    return `${result.kind} ${result.reason}${status}`
  }
}

export interface PeerOptions {
  limits?: Partial<ConnectionLimits>
  /** What the connection's owner does at an event, such as sending the next request. */
  on?: Partial<ConnectionEvents>
}

/** A connection, with a server in the hands of the test. */
export class ScriptedPeer {
  readonly clock = new FakeClock()
  readonly transport = new MemoryTransport()
  readonly connection: Connection
  /** What the owner of the connection was told: `ready`, `settings`, `retired`, `closed <reason>`. */
  readonly events: string[] = []
  readonly requests: Sent[] = []
  readonly #written = new FrameParser(PREFACE.length)
  readonly #sent = new FrameParser()
  #told = 0
  #counted = 0

  constructor({ limits, on = {} }: PeerOptions = {}) {
    this.transport.onWrite = bytes => this.#written.push(bytes)
    const note = <Name extends keyof ConnectionEvents>(name: Name, text: string) => {
      this.events.push(text)
      return on[name]
    }
    this.connection = new Connection({
      authority: 'push.example',
      transport: this.transport,
      clock: this.clock,
      limits: { ...LIMITS, ...limits },
      events: {
        onReady: () => note('onReady', 'ready')?.(),
        onSettings: () => note('onSettings', 'settings')?.(),
        onFreeStream: () => on.onFreeStream?.(),
        onRetired: () => note('onRetired', 'retired')?.(),
        onClosed: reason => note('onClosed', `closed ${reason}`)?.(reason),
      },
    })
  }

  /** The peer says all of it at once. */
  send(...frames: Buffer[]): void {
    const bytes = Buffer.concat(frames)
    this.#sent.push(bytes)
    this.connection.receive(bytes)
    // What was received is valid only during the call.
    bytes.fill(0xaa)
  }

  request(parts: Partial<Http2Request> = {}, onResult: (result: RequestResult) => void = () => {}): Sent {
    const sent = new Sent(this.requests.length * 2 + 1)
    this.requests.push(sent)
    const request = { method: 'POST', path: '/', headers: {}, uniqueHeaders: {}, body: Buffer.alloc(0) }
    this.connection.request({ ...request, ...parts }, result => {
      sent.results.push(result)
      onResult(result)
    })
    return sent
  }

  /** `count` requests whose octets have left. */
  async handOver(count = 1, parts: Partial<Http2Request> = {}): Promise<Sent[]> {
    const sent = Array.from({ length: count }, () => this.request(parts))
    await this.turn()
    this.heard()
    return sent
  }

  /** Lets this turn of the event loop end: what was gathered leaves. */
  async turn(): Promise<void> {
    let writes: number
    do {
      writes = this.transport.writes.length
      await setImmediate()
    } while (this.transport.writes.length > writes)
  }

  /** What the client has written since this was last asked. */
  heard(): string[] {
    const { frames } = this.#written
    const news = frames.slice(this.#told).map(describe)
    this.#told = frames.length
    return news
  }

  /** The same, once this turn is over. */
  async hear(): Promise<string[]> {
    await this.turn()
    return this.heard()
  }

  get written() {
    return this.#written.frames
  }

  /** Whether the stream's HEADERS have left. */
  knows(streamId: number): boolean {
    return this.written.some(({ type, streamId: id }) => type === 'HEADERS' && id === streamId)
  }

  /** Frames that the peer has sent since this was last asked. */
  takeHandled(): number {
    const handled = this.sentFrames.length - this.#counted
    this.#counted = this.sentFrames.length
    return handled
  }

  /** Frames that the peer has sent whole. */
  get sentFrames() {
    return this.#sent.frames
  }

  /** The socket is gone. */
  hangUp(reason = 'closed'): void {
    this.connection.transportClosed(reason)
  }

  /** Closes what is still open, and asks what must hold of every connection. */
  async finish(): Promise<void> {
    if (!this.events.some(event => event.startsWith('closed'))) this.connection.abort('test-over')
    const writes = this.transport.writes.length
    assert.equal(this.clock.pendingTimers(), 0, 'timers after the connection has closed')
    await setImmediate()
    assert.equal(this.transport.writes.length, writes, 'writes after the connection has closed')
    assert.equal(this.connection.openStreams(), 0, 'open streams of a closed connection')
    assert.equal(this.connection.freeStreams(), 0, 'free streams of a closed connection')
    assert.equal(this.#written.unfinished % PREFACE.length, 0, 'the client has written half a frame')
    const once = this.events.filter(event => event !== 'settings').map(event => event.split(' ')[0]!)
    assert.deepEqual(once, [...new Set(once)], 'events that come once')
    assert.equal(once.at(-1), 'closed')
    assert.deepEqual(this.transport.breaches, [])
    const record = { written: this.written, sent: this.sentFrames, results: this.requests }
    assert.deepEqual(judge(record), [])
  }
}

/** A peer whose client has only connected. */
export function meet(t: TestContext, options: PeerOptions = {}): ScriptedPeer {
  const peer = new ScriptedPeer(options)
  t.after(() => peer.finish())
  peer.connection.start()
  return peer
}

/** A peer that has exchanged settings with its client, and heard all of that. */
export async function connect(
  t: TestContext,
  { announced = {}, ...options }: PeerOptions & { announced?: Parameters<typeof settings>[0] } = {},
): Promise<ScriptedPeer> {
  const peer = meet(t, options)
  peer.send(settings(announced), settingsAck())
  await peer.turn()
  peer.heard()
  return peer
}

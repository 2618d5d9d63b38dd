import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Connection } from '../../../src/http2/connection.ts'
import type { RequestResult } from '../../../src/http2/http2-client.ts'
import { CLIENT_LIMITS } from '../../../src/http2/pool.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { frameBytes, parseFrames, type WireFrame } from '../frames/support.ts'

function settings(...sizes: readonly number[]): Buffer {
  const entries = sizes.map(size => {
    const entry = Buffer.from([0, 1, 0, 0, 0, 0])
    entry.writeUInt32BE(size, 2)
    return entry
  })
  return frameBytes({ type: 4, payload: Buffer.concat(entries) })
}

/** What leaves behind the preface, when the peer has sent `received` before the request. */
async function written(received: readonly Buffer[]): Promise<Required<WireFrame>[]> {
  const { promise, resolve: onWritten } = Promise.withResolvers<Buffer>()
  let writes = 0
  const connection = new Connection({
    authority: 'peer.example',
    clock: new FakeClock(),
    limits: CLIENT_LIMITS,
    transport: {
      write(bytes, done) {
        if (++writes === 2) onWritten(Buffer.from(bytes))
        done()
      },
      end: () => {},
      destroy: () => {},
    },
    events: {
      onReady: () => {},
      onSettings: () => {},
      onFreeStream: () => {},
      onRetired: () => {},
      onClosed: () => {},
    },
  })
  connection.start()
  for (const chunk of received) connection.receive(chunk)
  const { promise: result, resolve } = Promise.withResolvers<RequestResult>()
  const request = { method: 'GET', path: '/', headers: {}, uniqueHeaders: {}, body: Buffer.alloc(0) }
  connection.request(request, resolve)
  const bytes = await promise
  connection.abort('end of test')
  await result
  return parseFrames(bytes)
}

describe('a field block behind changed table sizes (RFC 7541 §4.2, RFC 9113 §6.5.3)', () => {
  const cases: [what: string, received: Buffer[], expected: string][] = [
    ['none', [settings()], '82'],
    ['the default, said aloud', [settings(4096)], '82'],
    ['a smaller one', [settings(100)], '3f4582'],
    ['nothing, then more, in one frame', [settings(0, 4096)], '203fe11f82'],
    ['nothing, then more, in two frames', [settings(0), settings(4096)], '203fe11f82'],
    ['several in each of two frames', [settings(500, 100, 200), settings(4096, 150)], '3f453f7782'],
  ]
  for (const [what, received, expected] of cases)
    it(`announces what must be: ${what}`, async () => {
      const frames = await written(received)
      const headers = frames.at(-1) as Required<WireFrame>
      assert.equal(headers.type, 1)
      assert.equal(headers.payload.subarray(0, expected.length / 2).toString('hex'), expected)
      // Only what we have acknowledged before holds for the block.
      const acks = frames.filter(({ type, flags }) => type === 4 && flags === 1)
      assert.equal(acks.length, received.length)
    })
})

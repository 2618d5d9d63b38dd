import assert from 'node:assert/strict'
import { type OutgoingHttpHeaders, type ServerHttp2Stream, sensitiveHeaders } from 'node:http2'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { STATIC_TABLE } from '../../../src/http2/hpack/static-table.ts'
import type { RequestResult } from '../../../src/http2/http2-client.ts'
import type { Field } from './appendix-c.ts'
import { type ToNode, withNode } from './node-peer.ts'

/** HPACK as Node's server speaks it (nghttp2), in both directions, over a socket. */

const RUNS = 30

/** Neither of an HTTP/1.1 connection, nor with a meaning for the transport. */
const STATIC_NAMES = [...new Set(STATIC_TABLE.map(({ name }) => name))].filter(
  name => !name.startsWith(':') && !['transfer-encoding', 'content-length', 'expect', 'host'].includes(name),
)

/** Octets that a value may hold, those of long Huffman codes too. */
const VISIBLE = Array.from({ length: 256 }, (_, code) => code).filter(
  code => (code > 0x20 && code < 0x7f) || code >= 0x80,
)

const octetsOf = (codes: number[]) => Buffer.from(codes).toString('latin1')

const value = fc.oneof(
  // These come again, in one list and in the next, under several names.
  { weight: 4, arbitrary: fc.constantFrom('', '1', 'same', 'a b', 'v'.repeat(150), 'w'.repeat(900)) },
  {
    weight: 4,
    arbitrary: fc.array(fc.constantFrom(...VISIBLE), { maxLength: 40, size: 'max' }).map(octetsOf),
  },
  { weight: 1, arbitrary: fc.integer({ min: 3000, max: 5000 }).map(length => 'L'.repeat(length)) },
)

const name = fc.constantFrom('x-a', 'x-b', 'x-c', 'via', 'link', 'vary', 'cache-control', 'x-'.repeat(150))

/** Node would add its own. */
const DATE = { date: 'today' }

/** What Node sends, it sends in the order of names; several values of one name one after the other. */
function asHeaders(fields: readonly Field[], sensitive: readonly string[]): OutgoingHttpHeaders {
  const headers: Record<string, string[]> = {}
  for (const [name, value] of fields) {
    headers[name] ??= []
    headers[name].push(value)
  }
  return { ':status': 200, ...DATE, ...headers, [sensitiveHeaders]: sensitive } as OutgoingHttpHeaders
}

function joined(fields: readonly Field[]): Record<string, string> {
  const names = [...new Set(fields.map(([name]) => name))]
  const valuesOf = (name: string) => fields.flatMap(field => (field[0] === name ? [field[1]] : []))
  return { ...DATE, ...Object.fromEntries(names.map(name => [name, valuesOf(name).join(', ')])) }
}

function headersOf(result: RequestResult): Record<string, string> {
  assert.equal(result.kind, 'response', JSON.stringify(result))
  return { ...(result as { headers: Record<string, string> }).headers }
}

/** Answers each request with the next of the lists. */
function answering(lists: readonly { fields: readonly Field[]; sensitive: readonly string[] }[]) {
  let next = 0
  return {
    onStream(stream: ServerHttp2Stream) {
      const { fields, sensitive } = lists[next++] as (typeof lists)[number]
      stream.respond(asHeaders(fields, sensitive), { endStream: true })
    },
  }
}

describe('responses whose headers Node encoded', () => {
  /** As many as fit into the list that we have allowed. */
  const fitting = (fields: Field[]) => {
    let left = 15_000
    return fields.filter(([name, value]) => {
      left -= name.length + value.length + 32
      return left > 0
    })
  }
  const list = fc.record({
    fields: fc.array(fc.tuple(name, value), { maxLength: 25, size: 'max' }).map(fitting),
    sensitive: fc.subarray(['x-a', 'via', 'link']),
  })

  it('are read as they were meant, while its table fills and evicts', async () => {
    const lists = fc.array(list, { minLength: 10, maxLength: 40, size: 'max' })
    await fc.assert(
      fc.asyncProperty(lists, async lists => {
        await withNode(answering(lists), async node => {
          for (const { fields } of lists) assert.deepEqual(headersOf(await node.request({})), joined(fields))
        })
      }),
      { numRuns: RUNS },
    )
  })

  it('have each name of the static table', async () => {
    const fields = STATIC_NAMES.map((name): Field => [name, `of ${name}`])
    await withNode(answering([{ fields, sensitive: [] }]), async node =>
      assert.deepEqual(headersOf(await node.request({})), joined(fields)),
    )
  })

  it('have each status', async () => {
    const statuses = [200, 204, 206, 304, 400, 404, 500, 403, 410, 429, 503]
    let next = 0
    const peer = {
      onStream: (stream: ServerHttp2Stream) =>
        stream.respond({ ':status': statuses[next++] as number }, { endStream: true }),
    }
    await withNode(peer, async node => {
      for (const status of statuses)
        assert.equal(((await node.request({})) as { status?: number }).status, status)
    })
  })

  it('have each octet, in Huffman code', async () => {
    // Many zeros, so that the code is shorter even with an octet whose own code is long.
    const value = (code: number) => `${'0'.repeat(40)}${octetsOf([code])}${'0'.repeat(40)}`
    const lists = Array.from({ length: 4 }, (_, part) => ({
      fields: VISIBLE.filter(code => code % 4 === part).map((code): Field => [`x-${code}`, value(code)]),
      sensitive: [],
    }))
    await withNode(answering(lists), async node => {
      for (const { fields } of lists) {
        node.takeReceived()
        assert.deepEqual(headersOf(await node.request({})), joined(fields))
        const plain = fields.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
        assert.ok(node.takeReceived() < plain * 0.8, 'Node has used Huffman code')
      }
    })
  })

  it('are indices where Node has sent the same before: the tables are in use', async () => {
    const fields = Array.from({ length: 10 }, (_, at): Field => [`x-${at}`, 'v'.repeat(200)])
    const list = { fields, sensitive: [] }
    await withNode(answering([list, list]), async node => {
      await node.request({})
      node.takeReceived()
      assert.deepEqual(headersOf(await node.request({})), joined(fields))
      assert.ok(node.takeReceived() < 100)
    })
  })
})

/** Notes what Node has understood. */
function noting() {
  const seen: Field[][] = []
  return {
    seen,
    onStream(stream: ServerHttp2Stream, rawHeaders: readonly string[]) {
      seen.push(
        rawHeaders.flatMap((name, at): Field[] =>
          at % 2 === 0 ? [[name, rawHeaders[at + 1] as string]] : [],
        ),
      )
      stream.respond({ ':status': 200 }, { endStream: true })
    },
  }
}

interface Sent {
  headers: Record<string, string>
  uniqueHeaders: Record<string, string>
}

/** The same list, as Node should see it. */
function expected({ headers, uniqueHeaders }: Sent): Field[] {
  return [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':authority', 'node.example'],
    [':path', '/'],
    ...Object.entries(headers),
    ...Object.entries(uniqueHeaders),
  ]
}

async function sendAll(node: ToNode, seen: readonly Field[][], requests: readonly Sent[]): Promise<void> {
  for (const request of requests) {
    const result = await node.request(request)
    assert.equal(result.kind, 'response', JSON.stringify(result))
    assert.deepEqual(seen.at(-1), expected(request))
  }
}

describe('requests whose headers Node decoded', () => {
  const dictionary = fc.dictionary(name, value, { maxKeys: 6, size: 'max', noNullPrototype: true })
  const tableSize = fc.constantFrom(0, 31, 64, 200, 1000, 4095, 4096, 65_536)
  const step = fc.record({
    request: fc.record({ headers: dictionary, uniqueHeaders: dictionary }),
    resized: fc.option(
      fc.record({ sizes: fc.array(tableSize, { maxLength: 3, size: 'max' }), isAwaited: fc.boolean() }),
      {
        freq: 3,
      },
    ),
  })

  it('are what was asked for, while our table fills, evicts, and changes its size', async () => {
    const steps = fc.array(step, { minLength: 10, maxLength: 40, size: 'max' })
    await fc.assert(
      fc.asyncProperty(tableSize, steps, async (headerTableSize, steps) => {
        const { seen, onStream } = noting()
        await withNode({ onStream, headerTableSize }, async node => {
          for (const { request, resized } of steps) {
            const changes = Promise.all((resized?.sizes ?? []).map(size => node.resizeTable(size)))
            if (resized?.isAwaited) await changes
            await sendAll(node, seen, [request])
            await changes
          }
        })
      }),
      { numRuns: RUNS },
    )
  })

  it('have each name of the static table', async () => {
    const { seen, onStream } = noting()
    const known = Object.fromEntries(STATIC_NAMES.map(name => [name, 'first']))
    await withNode({ onStream }, node =>
      sendAll(node, seen, [
        { headers: known, uniqueHeaders: {} },
        { headers: {}, uniqueHeaders: known },
        { headers: known, uniqueHeaders: {} },
      ]),
    )
  })

  it('have each octet, in Huffman code and plainly', async () => {
    const { seen, onStream } = noting()
    const value = (code: number) => `${'0'.repeat(40)}${octetsOf([code])}${'0'.repeat(40)}`
    await withNode({ onStream }, async node => {
      for (const part of [0, 1, 2, 3]) {
        const codes = VISIBLE.filter(code => code % 4 === part)
        const fields = Object.fromEntries(codes.map(code => [`x-${code}`, value(code)]))
        await sendAll(node, seen, [
          { headers: fields, uniqueHeaders: {} },
          { headers: {}, uniqueHeaders: fields },
        ])
      }
    })
  })

  it('are indices where we have sent the same before', async () => {
    const { seen, onStream } = noting()
    const headers = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`x-${at}`, 'v'.repeat(200)]))
    const request = { headers, uniqueHeaders: {} }
    await withNode({ onStream }, async node => {
      await sendAll(node, seen, [request])
      node.takeSent()
      await sendAll(node, seen, [request])
      assert.ok(node.takeSent() < 50)
    })
  })

  it('go on after the table was closed and opened again', async () => {
    const { seen, onStream } = noting()
    const requests = ['a', 'b', 'a'].map(letter => ({
      headers: { 'x-kept': 'v'.repeat(100), 'x-letter': letter },
      uniqueHeaders: { 'x-id': letter.repeat(3) },
    }))
    await withNode({ onStream }, async node => {
      for (const size of [4096, 0, 4096, 100, 300, 0]) {
        await node.resizeTable(size)
        await sendAll(node, seen, requests)
      }
      await Promise.all([0, 4096, 200].map(size => node.resizeTable(size)))
      await sendAll(node, seen, requests)
    })
  })
})

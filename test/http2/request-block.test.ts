import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HeaderDecoder } from '../../src/http2/hpack/header-decoder.ts'
import { HeaderEncoder } from '../../src/http2/hpack/header-encoder.ts'
import type { Http2Request } from '../../src/http2/http2-client.ts'
import { OutputBuffer } from '../../src/http2/output-buffer.ts'
import { writeRequestBlock } from '../../src/http2/request-block.ts'
import type { Field } from './hpack/appendix-c.ts'
import { decodeFields, written } from './hpack/support.ts'

const TOKEN = '00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0'

/** As the APNs provider makes them. */
function pushRequest(token: string, id: string): Http2Request {
  return {
    method: 'POST',
    path: `/3/device/${token}`,
    headers: {
      authorization: `bearer ${'eyJhbGciOiJFUzI1NiJ9.'.repeat(8)}`,
      'apns-topic': 'com.example.chat',
      'apns-push-type': 'alert',
      'apns-priority': '10',
    },
    uniqueHeaders: { 'apns-id': id, 'apns-expiration': id.slice(0, 8) },
    body: Buffer.from('{}'),
  }
}

function fieldsOf({ method, path, headers, uniqueHeaders }: Http2Request): Field[] {
  return [
    [':method', method],
    [':scheme', 'https'],
    [':authority', 'push.example'],
    [':path', path],
    ...Object.entries(headers),
    ...Object.entries(uniqueHeaders),
  ]
}

function writerOf(encoder: HeaderEncoder): (request: Http2Request) => Buffer {
  return request => {
    const output = new OutputBuffer()
    writeRequestBlock(output, encoder, 'push.example', request)
    return written(output)
  }
}

describe('the field block of a request', () => {
  it('has its control data first (RFC 9113 §8.3.1), and all that was asked for', () => {
    const write = writerOf(new HeaderEncoder())
    const decoder = new HeaderDecoder(65_536)
    for (let at = 0; at < 50; at++) {
      const request = pushRequest(TOKEN.slice(at) + TOKEN.slice(0, at), `id-${at}-0123456789`)
      assert.deepEqual(decodeFields(decoder, write(request)), fieldsOf(request))
    }
  })

  it('needs an octet for what was sent before, and no more than its name for what is new', () => {
    const write = writerOf(new HeaderEncoder())
    write(pushRequest(TOKEN, 'first-id-0123456789'))
    const request = pushRequest(TOKEN.toUpperCase(), 'other-id-0123456789')
    const block = write(request)
    const path = 2 + request.path.length
    const unique = 3 + 'other-id-0123456789'.length + 3 + 'other-id'.length
    // :method, :scheme and :authority; four headers.
    assert.equal(block.length, 3 + path + 4 + unique)
    assert.equal(block.subarray(0, 2).toString('hex'), '8387')
  })

  it('begins with a changed table size', () => {
    const encoder = new HeaderEncoder()
    const write = writerOf(encoder)
    const decoder = new HeaderDecoder(65_536)
    const request = pushRequest(TOKEN, 'id')
    decodeFields(decoder, write(request))
    for (const [size, update] of [
      [0, '20'],
      [300, '3f8d02'],
      [4096, '3fe11f'],
    ] as const) {
      encoder.resize(size)
      const block = write(request)
      assert.ok(block.toString('hex').startsWith(update))
      assert.deepEqual(decodeFields(decoder, block), fieldsOf(request))
      assert.deepEqual(decodeFields(decoder, write(request)), fieldsOf(request))
    }
  })
})

import assert from 'node:assert/strict'
import { constants } from 'node:http2'
import { test } from 'node:test'
import fc from 'fast-check'
import { CLIENTS, play, request } from './support/differential.ts'
import type { Script } from './support/scripted-server.ts'

// Field values of RFC 9110 §5.5: no space around them.
const value = fc
  .string({
    unit: fc
      .oneof(
        { weight: 9, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
        { weight: 1, arbitrary: fc.integer({ min: 0x80, max: 0xff }) },
      )
      .map(code => String.fromCharCode(code)),
    maxLength: 60,
  })
  .map(text => text.trim())
const fields = (first: 'c' | 'u') =>
  fc.dictionary(
    fc.stringMatching(/^[a-z0-9!#$%&'*+.^_`|~-]{1,12}$/).map(rest => `${first}-${rest}`),
    value,
    { maxKeys: 8 },
  )
const size = fc.oneof(fc.constant(0), fc.nat(300), fc.nat(70_000))

const exchange = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE'),
  path: fc.webPath().map(path => `/${path.replace(/^\//, '')}`),
  headers: fields('c'),
  uniqueHeaders: fields('u'),
  bodySize: size,
  status: fc.constantFrom(200, 201, 204, 304, 404, 410, 429, 500, 503),
  answerFields: fields('c'),
  answerSize: size,
  hints: fc.nat(2),
  hasTrailers: fc.boolean(),
  reset: fc.option(fc.constantFrom(constants.NGHTTP2_REFUSED_STREAM, constants.NGHTTP2_CANCEL), { freq: 8 }),
})
type Exchange = typeof exchange extends fc.Arbitrary<infer T> ? T : never

const server = fc.record({
  paddingStrategy: fc.constantFrom(constants.PADDING_STRATEGY_NONE, constants.PADDING_STRATEGY_MAX),
  settings: fc.record({
    headerTableSize: fc.constantFrom(0, 100, 4096, 65_536),
    initialWindowSize: fc.constantFrom(1000, 65_535, 1_000_000),
    maxFrameSize: fc.constantFrom(16_384, 1_000_000),
    maxConcurrentStreams: fc.constantFrom(1, 3, 100),
  }),
})

const bytes = (count: number) => Buffer.alloc(count, 'abcdefghijk')

function scriptOf(exchanges: readonly Exchange[]): Script {
  return async ({ stream, fields: seen, body }) => {
    const at = Number(seen.find(field => field.startsWith('x-at: '))?.slice('x-at: '.length))
    const { method, status, answerFields, answerSize, hints, hasTrailers, reset } = exchanges[at] as Exchange
    await body
    if (reset !== null) {
      stream.close(reset)
      return
    }
    for (let hint = 0; hint < hints; hint++) stream.additionalHeaders({ ':status': 103, link: `</${hint}>` })
    const isBodiless = method === 'HEAD' || status === 204 || status === 304
    stream.respond(
      { ...answerFields, ':status': status },
      { endStream: isBodiless, waitForTrailers: hasTrailers && !isBodiless },
    )
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-trailer': 'late' }))
    if (!isBodiless) stream.end(bytes(answerSize))
  }
}

test('whatever is asked and answered looks the same through the engine and through the reference', async t => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(exchange, { minLength: 1, maxLength: 30, size: 'max' }),
      server,
      async (exchanges, options) => {
        const scenario = {
          server: options,
          script: scriptOf(exchanges),
          run: (client: Parameters<Parameters<typeof play>[1]['run']>[0]) =>
            Promise.all(
              exchanges.map(({ method, path, headers, uniqueHeaders, bodySize }, at) =>
                client.request(
                  request(path, {
                    method,
                    headers,
                    uniqueHeaders: { ...uniqueHeaders, 'x-at': String(at) },
                    body: bytes(bodySize),
                  }),
                ),
              ),
            ),
        }
        const engine = await play(t, scenario, CLIENTS.engine)
        const reference = await play(t, scenario, CLIENTS.reference)
        assert.deepEqual(engine.got, reference.got)
        assert.deepEqual(engine.seen, reference.seen)
      },
    ),
    { numRuns: 40 },
  )
})

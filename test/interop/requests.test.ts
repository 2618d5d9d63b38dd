import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { Asker, identity, MIB } from './support/asking.ts'
import { Backend, fieldsOf, hashOf, someBytes } from './support/backend.ts'
import { KINDS, missing } from './support/kinds.ts'
import { Server } from './support/server.ts'

/** What the servers' own rules for paths leave alone. */
const PATHS = ['/', '/a/b.c', '/a%20b;c=1,2', '/?', '/x?y=%C3%A9&z=1+2&q=a/b?c', `/long/${'x'.repeat(2000)}`]

const VALUES: Record<string, string> = {
  empty: '',
  spaces: 'a  b   c',
  punctuation: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
  latin1: 'caf\u00e9 \u00a1\u00ff',
  tab: 'a\tb',
  digits: '0123456789'.repeat(3),
  long: 'x-'.repeat(2048),
}

for (const kind of KINDS)
  describe(`${kind.name}: what is asked and answered`, { skip: missing(kind), timeout: 60_000 }, () => {
    let backend: Backend
    let server: Server
    before(async () => {
      backend = await Backend.start()
      server = await Server.start(kind, { identity: await identity, backendPort: backend.port })
    })
    after(async () => {
      await server?.stop()
      await backend?.stop()
    })
    const open = (t: TestContext) => Asker.open(t, server.origin)

    test('methods and paths arrive as they were sent', async t => {
      const asker = await open(t)
      for (const [at, path] of PATHS.entries()) {
        await asker.response(path, { headers: { 'x-id': `path-${at}` } })
        assert.equal(backend.seen(`path-${at}`)?.path, path)
      }
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        await asker.response('/', { method, headers: { 'x-id': method } })
        assert.equal(backend.seen(method)?.method, method)
      }
      assert.equal(asker.connections.length, 1)
    })

    test('fields arrive as they were sent, the first time and again', async t => {
      const asker = await open(t)
      const values = Object.entries(VALUES)
      const headers = Object.fromEntries(values.map(([name, value]) => [`x-again-${name}`, value]))
      const uniqueHeaders = Object.fromEntries(values.map(([name, value]) => [`x-new-${name}`, value]))
      for (const id of ['first', 'second', 'third']) {
        await asker.response('/', { headers, uniqueHeaders: { ...uniqueHeaders, 'x-id': id } })
        const seen = backend.seen(id)
        for (const [name, value] of Object.entries({ ...headers, ...uniqueHeaders }))
          assert.deepEqual(seen?.headers[name], [value], `${id}: ${name}`)
        assert.deepEqual(seen?.headers.host, [server.origin.slice('https://'.length)])
      }
    })

    test('many different fields in many requests: nobody confuses them', async t => {
      const asker = await open(t)
      const asked = Array.from({ length: 200 }, (_, seed) => fieldsOf(seed, 1 + (seed % 40), seed % 70))
      await Promise.all(
        asked.map(async (fields, seed) => {
          const path = `/fields?seed=${seed}&count=${1 + (seed % 40)}&size=${seed % 70}`
          const half = seed % 2 === 0 ? { headers: fields } : { uniqueHeaders: fields }
          const id = { 'x-id': `fields-${seed}` }
          const { headers } = await asker.response(path, {
            headers: { ...id, ...half.headers },
            uniqueHeaders: half.uniqueHeaders ?? {},
          })
          for (const [name, value] of Object.entries(fields)) {
            assert.deepEqual(backend.seen(id['x-id'])?.headers[name], [value])
            assert.equal(headers[name], value)
          }
        }),
      )
    })

    test('fields that take more than one frame arrive; fields beyond our limit cost one response', async t => {
      const asker = await open(t)
      const uniqueHeaders = { ...fieldsOf(7, 40, 1000), 'x-id': 'continued' }
      await asker.response('/', { uniqueHeaders })
      for (const [name, value] of Object.entries(uniqueHeaders))
        assert.deepEqual(backend.seen('continued')?.headers[name], [value])
      // The small fields behind the large one may be remembered, and come as indices then.
      const path = '/fields?seed=7&count=30&size=20'
      assert.equal((await asker.ask(`${path}&large=20000`)).kind, 'unknown')
      const { headers } = await asker.response(path)
      for (const [name, value] of Object.entries(fieldsOf(7, 30, 20))) assert.equal(headers[name], value)
      assert.deepEqual(asker.connections, ['connected'])
    })

    for (const size of [0, 1, 16_384, 16_385, MIB, 8 * MIB])
      test(`a body of ${size} bytes goes and comes back`, async t => {
        const asker = await open(t)
        const body = someBytes(size)
        const id = `body-${size}`
        const answer = await asker.response('/echo', { method: 'POST', headers: { 'x-id': id }, body })
        assert.equal(answer.status, 200)
        assert.deepEqual([backend.seen(id)?.bodyBytes, backend.seen(id)?.bodyHash], [size, hashOf(body)])
        assert.equal(hashOf(answer.body), hashOf(body))
      })

    test('large bodies of several requests share the connection', async t => {
      const asker = await open(t)
      const sizes = [3 * MIB, 100, 5 * MIB, 65_535, 65_536, 2 * MIB, 0]
      const paths = ['/bytes?count=', '/bytes?chunked&count=']
      const answers = await Promise.all(sizes.flatMap(size => paths.map(path => asker.response(path + size))))
      const expected = sizes.flatMap(size => paths.map(() => hashOf(someBytes(size))))
      assert.deepEqual(
        answers.map(({ body }) => hashOf(body)),
        expected,
      )
      assert.equal(asker.connections.length, 1)
    })

    test('statuses, with and without a body', async t => {
      const asker = await open(t)
      for (const code of [200, 201, 204, 304, 400, 403, 404, 410, 413, 429, 500, 502, 503]) {
        const isBodiless = code === 204 || code === 304
        const body = isBodiless ? '' : `"${code}"`
        const answer = await asker.response(`/status?code=${code}&retry=7&body=${body}`)
        assert.deepEqual(
          [answer.status, String(answer.body), answer.headers['retry-after']],
          [code, body, '7'],
          String(code),
        )
      }
      assert.equal(asker.connections.length, 1)
    })

    test('HEAD: the length, and no body', async t => {
      const asker = await open(t)
      const { status, headers, body } = await asker.response('/bytes?count=1000', { method: 'HEAD' })
      assert.deepEqual([status, headers['content-length'], body.length], [200, '1000', 0])
      assert.equal((await asker.response('/bytes?count=10')).body.length, 10)
    })

    test('repeated fields of a response are joined', async t => {
      const { headers } = await (await open(t)).response('/repeated')
      assert.equal(headers['x-repeated'], 'one, two, three, four')
      assert.equal(headers['set-cookie'], 'a=1, b=2')
    })

    test('an informational response before, trailers after: neither is the response', async t => {
      const asker = await open(t)
      const hinted = await asker.ask('/hints')
      if (kind.mistakesHints) assert.equal(hinted.kind, 'unknown')
      else {
        assert.ok(hinted.kind === 'response')
        assert.deepEqual([hinted.status, String(hinted.body), hinted.headers.link], [200, 'final', undefined])
      }
      const trailing = await asker.response('/trailers')
      assert.deepEqual(
        [trailing.status, String(trailing.body), trailing.headers['x-trailer']],
        [200, 'body', undefined],
      )
    })

    test('answered before the body was through: that is the response, and the connection goes on', async t => {
      const asker = await open(t)
      const { status } = await asker.response('/early', { body: someBytes(8 * MIB) })
      assert.equal(status, 413)
      assert.equal((await asker.response('/bytes?count=10')).body.length, 10)
    })

    test('a response that breaks off is unknown, and says how it began', async t => {
      const asker = await open(t)
      const result = await asker.ask('/half')
      assert.deepEqual([result.kind, 'status' in result && result.status], ['unknown', 200])
      const none = await asker.ask('/none')
      assert.ok(
        none.kind === 'response'
          ? none.status === 502
          : kind.refusesAnswerless && none.kind === 'not-processed',
        JSON.stringify(none),
      )
      assert.equal((await asker.response('/bytes?count=10')).body.length, 10)
    })

    test('2000 requests at once: each gets its own answer, once', async t => {
      const asker = await open(t)
      const ids = Array.from({ length: 2000 }, (_, at) => `parallel-${at}`)
      const bodies = await Promise.all(
        ids.map(
          async id =>
            (await asker.persist('/', { uniqueHeaders: { 'x-id': id }, body: Buffer.from(id) })).body,
        ),
      )
      assert.deepEqual(bodies.map(String), ids)
      assert.deepEqual(new Set(ids.map(id => backend.seen(id)?.times)), new Set([1]))
    })
  })

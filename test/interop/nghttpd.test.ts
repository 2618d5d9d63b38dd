import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Asker, MIB } from './support/asking.ts'
import { fieldsOf, hashOf, someBytes } from './support/backend.ts'
import { missing, NGHTTPD } from './support/kinds.ts'
import { startNghttpd } from './support/nghttpd.ts'

const SIZES = [0, 1, 16_384, 16_385, MIB, 8 * MIB]
const FILES = Object.fromEntries(SIZES.map(size => [String(size), someBytes(size)]))

/** Each way in which nghttp2 may speak that the others do not. */
const MANNERS: Record<string, string[]> = {
  'as it is': [],
  'with padding': ['--padding=255'],
  'without content-length': ['--no-content-length'],
  'with trailers': ['--trailer=x-trailer: late', '--trailer=x-more: later'],
  'with small windows': ['--window-bits=10', '--connection-window-bits=16'],
  'without a dynamic table for what it reads': ['--header-table-size=0'],
  'with a tiny dynamic table both ways': ['--header-table-size=100', '--encoder-header-table-size=100'],
  'with a huge dynamic table both ways': ['--header-table-size=1M', '--encoder-header-table-size=1M'],
  'with 5 streams': ['--max-concurrent-streams=5'],
  'with 1 stream': ['--max-concurrent-streams=1'],
  'answering early': ['--early-response'],
  'with pushes': ['--push=/1=/16384'],
}

describe('nghttpd', { skip: missing(NGHTTPD), timeout: 120_000, concurrency: 4 }, () => {
  for (const [manner, options] of Object.entries(MANNERS))
    test(`files and echoes, ${manner}`, async t => {
      const { origin, process } = await startNghttpd(t, ['--echo-upload', ...options], FILES)
      const asker = await Asker.open(t, origin)
      const downloads = SIZES.map(async size => {
        const { status, body } = await asker.response(`/${size}`)
        assert.deepEqual([status, hashOf(body)], [200, hashOf(someBytes(size))])
      })
      const uploads = SIZES.map(async size => {
        const { status, body } = await asker.response('/echo', { body: someBytes(size), method: 'POST' })
        assert.deepEqual([status, hashOf(body)], [200, hashOf(someBytes(size))])
      })
      await Promise.all([...downloads, ...uploads])
      // nghttpd shows every field that it has read, in the order of the requests.
      const from = process.output.all.length
      for (let seed = 0; seed < 20; seed++) {
        const headers = fieldsOf(seed, 10, 30)
        const uniqueHeaders = { 'x-unique': `value ${seed}` }
        assert.equal((await asker.response('/1', { headers, uniqueHeaders })).status, 200)
        for (const [name, value] of Object.entries({ ...headers, ...uniqueHeaders }))
          await process.output.waitFor(`${name}: ${value}`, from)
      }
      assert.equal((await asker.response('/nothing-here')).status, 404)
      const head = await asker.response('/1', { method: 'HEAD' })
      assert.deepEqual([head.status, head.body.length], [200, 0])
      assert.deepEqual(asker.connections, ['connected'])
    })

  test('2000 requests at once, 5 at a time', async t => {
    const { origin } = await startNghttpd(t, ['--echo-upload', '--max-concurrent-streams=5'])
    const asker = await Asker.open(t, origin)
    const bodies = Array.from({ length: 2000 }, (_, at) => `parallel-${at}`)
    const answers = await Promise.all(
      bodies.map(async body => String((await asker.response('/', { body: Buffer.from(body) })).body)),
    )
    assert.deepEqual(answers, bodies)
  })

  test('not modified: a status without a body', async t => {
    const { origin } = await startNghttpd(t, [], FILES)
    const asker = await Asker.open(t, origin)
    const { headers } = await asker.response('/1')
    const again = await asker.response('/1', {
      uniqueHeaders: { 'if-modified-since': headers['last-modified'] ?? '' },
    })
    assert.deepEqual([again.status, again.body.length], [304, 0])
  })

  test('of a response longer than our limit the rest is not waited for', async t => {
    const { origin, process } = await startNghttpd(t, [], FILES)
    const asker = await Asker.open(t, origin, { limits: { responseBytes: 1000 } })
    const { status, body } = await asker.response(`/${8 * MIB}`)
    assert.deepEqual([status, body.equals(someBytes(1000))], [200, true])
    await process.output.waitFor('recv RST_STREAM')
    assert.equal((await asker.response('/1')).status, 200)
    assert.deepEqual(asker.connections, ['connected'])
  })

  test('a client certificate is shown to whoever asks', async t => {
    const { origin } = await startNghttpd(t, ['--verify-client'], FILES)
    const asker = await Asker.open(t, origin)
    assert.equal((await asker.ask('/1')).kind, 'not-processed')
  })

  test('PINGs of an idle connection are answered, and it is kept', async t => {
    const { origin, process } = await startNghttpd(t, [], FILES)
    const asker = await Asker.open(t, origin, { limits: { pingMs: 20, pingTimeoutMs: 5000 } })
    await asker.response('/1')
    const answered = async (from: number) => {
      await process.output.waitFor('send PING', from)
      return process.output.all.length
    }
    await answered(await answered(await answered(0)))
    assert.equal((await asker.response('/1')).status, 200)
    assert.deepEqual(asker.connections, ['connected'])
  })

  test('closing ends the connection with GOAWAY, and what is under way first', async t => {
    const { origin, process } = await startNghttpd(t, [], FILES)
    const asker = await Asker.open(t, origin)
    await asker.response('/1')
    const last = asker.response(`/${8 * MIB}`)
    await asker.client.close()
    assert.equal((await last).body.length, 8 * MIB)
    await process.output.waitFor('recv GOAWAY')
    await process.output.waitFor('NO_ERROR')
  })
})

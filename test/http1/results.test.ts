import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { freePorts } from '../support/ports.ts'
import { answer, OK, REQUEST, startClient, startRig } from './support/rig.ts'

describe('a response', () => {
  it('comes with its status, its fields joined, and its body', async t => {
    const { client, server } = await startRig(t, ({ socket }) => {
      socket.write('HTTP/1.1 429 Slow\r\nRetry-After: 3\r\nX-A: 1\r\nx-a: 2\r\n')
      socket.write('__proto__: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nno\r\n1\r\n!\r\n0\r\n\r\n')
    })
    const result = await client.request(REQUEST)
    assert.ok(result.kind === 'response')
    assert.deepEqual([result.status, result.body.toString()], [429, 'no!'])
    assert.equal(Object.getPrototypeOf(result.headers), null)
    assert.deepEqual([result.headers['retry-after'], result.headers['x-a']], ['3', '1, 2'])
    assert.equal(Reflect.get(result.headers, '__proto__'), 'x')
    const [text = ''] = server.requests
    assert.match(text, /^POST \/notify\?a=b HTTP\/1\.1\r\n/)
    assert.match(text, /\r\ncontent-length: 5\r\n/i)
    assert.ok(text.includes(`\r\nhost: ${new URL(server.origin()).host}\r\n`))
    assert.ok(text.endsWith('\r\n\r\nhello'))
  })

  it('may have no body, or one that ends with the connection', async t => {
    const { ask } = await startRig(t, ({ socket, number }) => {
      if (number === 1) socket.write('HTTP/1.1 204 No Content\r\n\r\n')
      else socket.end('HTTP/1.0 200 OK\r\n\r\nold')
    })
    assert.deepEqual([await ask({ method: 'GET', body: Buffer.alloc(0) }), await ask()], ['204 ', '200 old'])
  })

  it('is never a redirect that somebody followed', async t => {
    const { ask, server } = await startRig(t, ({ socket }) => {
      socket.write(`HTTP/1.1 307 There\r\nlocation: ${server.origin()}/there\r\ncontent-length: 0\r\n\r\n`)
    })
    assert.equal(await ask(), '307 ')
    assert.equal(server.requests.length, 1)
  })

  it('follows interim responses, which say nothing', async t => {
    const { ask } = await startRig(t, ({ socket }) => void socket.write(`HTTP/1.1 103 Early\r\n\r\n${OK}`))
    assert.equal(await ask(), '200 ok')
  })

  it('of 10 MB is cut, and its connection with it', async t => {
    const { client, server, states, change } = await startRig(t, ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10485760\r\n\r\n')
      socket.write(Buffer.alloc(10_485_760, 'x'))
    })
    const result = await client.request(REQUEST)
    assert.ok(result.kind === 'response')
    assert.deepEqual([result.status, result.body.length], [200, 64 * 1024])
    if (states.length < 2) await change()
    assert.deepEqual(states, ['connected', 'closed closed'])
    await server.until(() => server.sockets[0]?.destroyed === true)
  })

  it('may be as long as allowed', async t => {
    const { ask, states } = await startRig(t, answer, { limits: { responseBytes: 2 } })
    assert.equal(await ask(), '200 ok')
    assert.equal(await ask(), '200 ok')
    assert.deepEqual(states, ['connected'])
  })
})

describe('nothing was written', () => {
  it('when nobody listens', async t => {
    const [port] = await freePorts(1)
    const { ask, client, states } = await startClient(t, `http://127.0.0.1:${port}`)
    assert.equal(client.state(), 'idle')
    assert.equal(await ask(), 'not-processed ECONNREFUSED unreachable')
    assert.equal(client.state(), 'down')
    assert.deepEqual(states, ['failed ECONNREFUSED'])
  })

  it('when no address is found', async t => {
    const { ask } = await startClient(t, 'http://nowhere.invalid', {
      lookup: (_name, _options, callback) =>
        callback(Object.assign(new Error('nowhere.invalid is not there'), { code: 'ENOTFOUND' }), []),
    })
    assert.equal(await ask(), 'not-processed ENOTFOUND unreachable')
  })

  it('when the connection takes too long', async t => {
    const { ask, clock, states } = await startClient(t, 'http://never.invalid', {
      lookup: () => clock.advance(5000),
    })
    assert.equal(await ask(), 'not-processed connect-timeout unreachable')
    assert.deepEqual(states, ['failed connect-timeout'])
  })

  it('when the whole time is over before there is a connection', async t => {
    const { ask, clock, states } = await startClient(t, 'http://never.invalid', {
      limits: { requestMs: 1000 },
      lookup: () => clock.advance(1000),
    })
    assert.equal(await ask(), 'not-processed timeout unreachable')
    assert.deepEqual(states, [])
    clock.advance(4000)
    assert.deepEqual(states, ['failed connect-timeout'])
  })

  it('after close', async t => {
    const { ask, client } = await startRig(t, answer)
    await client.close()
    assert.equal(await ask(), 'not-processed closing unreachable')
  })
})

describe('nobody knows', () => {
  const CASES: [name: string, response: string | undefined, expected: string][] = [
    ['no answer, and the connection ends', '', 'unknown ECONNRESET'],
    ['a reset instead of an answer', undefined, 'unknown ECONNRESET'],
    [
      'a body that ends too early',
      'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok',
      'unknown 200 ECONNRESET',
    ],
    [
      'half a chunk',
      'HTTP/1.1 503 No\r\ntransfer-encoding: chunked\r\n\r\n9\r\nok',
      'unknown 503 ECONNRESET',
    ],
    ['half a head', 'HTTP/1.1 200 OK\r\ncontent-le', 'unknown ECONNRESET'],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n', 'unknown HPE_INVALID_CONSTANT'],
    ['a head without end', `HTTP/1.1 200 OK\r\na: ${'b'.repeat(70_000)}`, 'unknown HPE_HEADER_OVERFLOW'],
    [
      'two lengths',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      'unknown HPE_INVALID_TRANSFER_ENCODING',
    ],
    ['an upgrade', 'HTTP/1.1 101 Now\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n', 'unknown closed'],
  ]
  for (const [name, response, expected] of CASES)
    it(name, async t => {
      const { ask } = await startRig(t, ({ socket }) => {
        if (response === undefined) socket.resetAndDestroy()
        else socket.end(response)
      })
      assert.equal(await ask(), expected)
    })

  it('a server that says nothing: the time ends', async t => {
    const { ask, server, clock, states, change } = await startRig(t, () => {})
    const result = ask()
    await server.until(() => server.requests.length === 1)
    clock.advance(9_999)
    const closed = change()
    clock.advance(1)
    assert.equal(await result, 'unknown timeout')
    await closed
    assert.deepEqual(states, ['connected', 'closed closed'])
    assert.equal(clock.pendingTimers(), 0)
  })

  it('a body that drips: every octet comes in time, the whole does not', async t => {
    const { ask, server, clock } = await startRig(t, ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n')
    })
    const result = ask()
    await server.until(() => server.requests.length === 1)
    for (let second = 0; second < 10; second++) {
      server.sockets[0]?.write('x')
      await new Promise(resolve => setImmediate(resolve))
      clock.advance(1000)
    }
    assert.match(await result, /^unknown (?:200 )?timeout$/)
  })
})

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { AddressInfo, LookupFunction } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createServer } from 'node:tls'
import { promisify } from 'node:util'
import { createServerIdentity } from '../../src/simulator/certificate.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import {
  answer,
  type Incoming,
  identity,
  OK,
  REQUEST,
  startClient,
  startRig,
  startServer,
} from './support/rig.ts'

const run = promisify(execFile)
const ASK_ONCE = join(import.meta.dirname, 'support/ask-once.ts')

/** Every name is this machine. */
const loopback: LookupFunction = (_name, { all }, callback) =>
  all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4)

/** Keeps requests until they are released. */
function holding() {
  const held: Incoming[] = []
  return {
    script: (incoming: Incoming) => void held.push(incoming),
    held,
    release: () => held.splice(0).forEach(answer),
  }
}

describe('connections', () => {
  it('are kept, and used again', async t => {
    const { ask, states, client } = await startRig(t, answer)
    for (let count = 0; count < 5; count++) assert.equal(await ask(), '200 ok')
    assert.deepEqual(states, ['connected'])
    assert.equal(client.state(), 'ready')
  })

  it('are as many as allowed; more requests wait, in order', async t => {
    const { script, held, release } = holding()
    const { ask, client, server, states } = await startRig(t, script, { limits: { connections: 2 } })
    assert.equal(client.capacity(), 2)
    const results = ['/1', '/2', '/3', '/4', '/5'].map(path => ask({ path }))
    await server.until(() => held.length === 2)
    release()
    await server.until(() => server.requests.length === 4)
    release()
    await server.until(() => server.requests.length === 5)
    release()
    assert.deepEqual(await Promise.all(results), Array(5).fill('200 ok'))
    assert.deepEqual(states, ['connected', 'connected'])
    const paths = server.requests.map(text => text.split(' ')[1])
    assert.deepEqual(
      [paths.slice(0, 2).sort(), paths.slice(2, 4).sort(), paths[4]],
      [['/1', '/2'], ['/3', '/4'], '/5'],
    )
  })

  it('that cannot be made hold no more than their place', async t => {
    const lookups: (() => void)[] = []
    const lookup: LookupFunction = (_name, _options, callback) => {
      lookups.push(() => callback(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []))
    }
    const { ask } = await startClient(t, 'http://never.invalid', { lookup, limits: { connections: 2 } })
    const results = Array.from({ length: 4 }, () => ask())
    assert.equal(lookups.length, 2)
    for (const fail of lookups) fail()
    await Promise.all(results.slice(0, 2))
    assert.equal(lookups.length, 4)
    for (const fail of lookups) fail()
    assert.deepEqual(await Promise.all(results), Array(4).fill('not-processed ENOTFOUND unreachable'))
  })

  it('that become free are used before another one is made', async t => {
    const { script, held, release } = holding()
    const server = await startServer(t, script)
    const lookups: (() => void)[] = []
    const { ask } = await startClient(t, server.origin(), {
      lookup: (...asked) => void lookups.push(() => loopback(...asked)),
      limits: { connections: 2 },
    })
    const results = [ask(), ask(), ask()]
    lookups[0]?.()
    await server.until(() => held.length === 1)
    release()
    await server.until(() => held.length === 1)
    release()
    await results[2]
    assert.equal(lookups.length, 2)
    lookups[1]?.()
    await server.until(() => held.length === 1)
    release()
    await Promise.all(results)
  })

  it('all busy until the time is over: what waited was not sent', async t => {
    const { script } = holding()
    const { ask, clock, server } = await startRig(t, script, { limits: { connections: 1 } })
    const results = [ask(), ask()]
    await server.until(() => server.requests.length === 1)
    clock.advance(10_000)
    assert.deepEqual(await Promise.all(results), ['unknown timeout', 'not-processed timeout unreachable'])
    assert.equal(server.requests.length, 1)
  })

  it('are replaced when they are old, however much they are used', async t => {
    const { ask, clock, server, states, change } = await startRig(t, answer)
    for (let minute = 0; minute < 20; minute++) {
      assert.equal(await ask(), '200 ok')
      clock.advance(30_000)
    }
    // It was not in use when its time was over.
    if (states.length < 2) await change()
    assert.deepEqual(states, ['connected', 'closed closed'])
    assert.equal(await ask(), '200 ok')
    assert.equal(server.requests.length, 21)
  })

  it('finish what is under way before they are replaced', async t => {
    const { script, held, release } = holding()
    const limits = { lifeMs: 5000 }
    const { ask, clock, server, states, change } = await startRig(t, script, { limits })
    const first = ask()
    await server.until(() => held.length === 1)
    clock.advance(6000)
    release()
    assert.equal(await first, '200 ok')
    if (states.length < 2) await change()
    const second = ask()
    await server.until(() => held.length === 1)
    release()
    assert.equal(await second, '200 ok')
    assert.equal(states.filter(state => state === 'connected').length, 2)
  })

  it('close when nobody used them for long', async t => {
    const { ask, clock, states, change, client } = await startRig(t, answer)
    await ask()
    clock.advance(59_999)
    await ask()
    clock.advance(59_999)
    assert.equal(client.state(), 'ready')
    const closed = change()
    clock.advance(1)
    await closed
    assert.deepEqual(states, ['connected', 'closed closed'])
    assert.equal(client.state(), 'idle')
    assert.equal(clock.pendingTimers(), 0)
  })

  it('close before the server, where it says how long it waits', async t => {
    const { ask, clock, change, client } = await startRig(t, ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nkeep-alive: timeout=5\r\ncontent-length: 0\r\n\r\n')
    })
    await ask()
    clock.advance(3_999)
    assert.equal(client.state(), 'ready')
    const closed = change()
    clock.advance(1)
    await closed
  })

  it('that have just ended are given to no request, not even in the same turn', async t => {
    const { ask, clock, server } = await startRig(t, ({ socket, connection }) => {
      const hint = connection === 1 ? '' : 'keep-alive: timeout=5\r\n'
      socket.write(`HTTP/1.1 200 OK\r\n${hint}content-length: 2\r\n\r\nok`)
    })
    await Promise.all([ask(), ask()])
    clock.advance(4000)
    assert.equal(await ask(), '200 ok')
    assert.equal(server.sockets.length, 2)
  })

  it('that the server half-closed are not used again', async t => {
    const { ask, change, states, server } = await startRig(t, ({ socket, number }) => {
      socket.write(OK)
      if (number === 1) socket.end()
    })
    assert.equal(await ask(), '200 ok')
    if (states.length < 2) await change()
    assert.equal(await ask(), '200 ok')
    assert.deepEqual(states, ['connected', 'closed closed', 'connected'])
    assert.equal(server.requests.length, 2)
  })

  it('that the server closes on our request: nobody knows', async t => {
    const { ask } = await startRig(t, ({ socket, number }) => {
      if (number === 1) socket.write(OK)
      else socket.end()
    })
    assert.deepEqual(
      [await ask(), await ask(), await ask()],
      ['200 ok', 'unknown ECONNRESET', 'unknown ECONNRESET'],
    )
  })

  it('on which the server says more than it was asked end, so that no request gets the answer of another', async t => {
    const { ask, states, change } = await startRig(t, ({ socket, connection }) => {
      socket.write(connection === 1 ? `${OK}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlies` : OK)
    })
    assert.equal(await ask(), '200 ok')
    if (states.length < 2) await change()
    assert.equal(await ask(), '200 ok')
  })

  it('a late answer to a request that was given up reaches nobody', async t => {
    const { script, held, release } = holding()
    const { ask, clock, server } = await startRig(t, script, { limits: { connections: 1 } })
    const late = ask()
    await server.until(() => held.length === 1)
    clock.advance(10_000)
    assert.equal(await late, 'unknown timeout')
    const next = ask()
    await server.until(() => held.length === 2)
    held.shift()?.socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlies')
    release()
    assert.equal(await next, '200 ok')
  })
})

describe('close', () => {
  it('waits for what is under way, not for what has not begun, and leaves nothing', async t => {
    const { script, held, release } = holding()
    const { ask, client, clock, server, states } = await startRig(t, script, { limits: { connections: 1 } })
    const busy = ask()
    const waiting = ask()
    await server.until(() => held.length === 1)
    let isClosed = false
    const closed = client.close().then(() => {
      isClosed = true
    })
    assert.equal(client.close(), client.close())
    assert.equal(await waiting, 'not-processed closing unreachable')
    assert.equal(isClosed, false)
    release()
    assert.equal(await busy, '200 ok')
    await closed
    assert.deepEqual(states, ['connected', 'closed closed'])
    assert.equal(clock.pendingTimers(), 0)
  })

  it('waits for a connection that is being made', async t => {
    const server = await startServer(t, answer)
    let go = () => {}
    const { ask, client } = await startClient(t, server.origin(), {
      lookup: (...asked) => {
        go = () => loopback(...asked)
      },
    })
    const busy = ask()
    const closed = client.close()
    go()
    assert.equal(await busy, '200 ok')
    await closed
  })
})

describe('a request that cannot be written', () => {
  it('is its caller’s bug and nobody else’s', async t => {
    const { ask } = await startRig(t, answer, { limits: { connections: 1 } })
    const bad = ask({ headers: { 'x-a': 'b\r\nx-evil: 1' } })
    const good = ask()
    await assert.rejects(bad, /Invalid character/)
    assert.equal(await good, '200 ok')
    await assert.rejects(ask({ path: '/a b' }), /unescaped/)
    assert.equal(await ask(), '200 ok')
  })
})

describe('TLS', () => {
  it('is verified by the given authority', async t => {
    const server = await startServer(t, answer, 'https')
    for (const host of ['localhost', '127.0.0.1'])
      assert.equal(await (await startClient(t, server.origin(host))).ask(), '200 ok')
  })

  it('with a certificate of another authority, or for another name, is refused before a byte is written', async t => {
    const server = await startServer(t, answer, 'https')
    const { ca } = await createServerIdentity()
    const stranger = await startClient(t, server.origin(), { tls: { ca } })
    assert.match(
      await stranger.ask(),
      /^not-processed (?:UNABLE_TO|SELF_SIGNED|CERT_SIGNATURE)\w+ unreachable$/,
    )
    const { ask } = await startClient(t, server.origin('push.invalid'), { lookup: loopback })
    assert.equal(await ask(), 'not-processed ERR_TLS_CERT_ALTNAME_INVALID unreachable')
    const broken = await startClient(t, server.origin(), { tls: { ca: 'no certificate' } })
    assert.match(await broken.ask(), /^not-processed [\w-]+ unreachable$/)
    assert.deepEqual(server.requests, [])
  })

  it('is verified though the environment tells Node not to', async t => {
    const server = await startServer(t, answer, 'https')
    const env = { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0' }
    const { stdout } = await run(process.execPath, [ASK_ONCE, server.origin()], { env })
    assert.match(stdout, /^not-processed (?:SELF_SIGNED|UNABLE_TO|DEPTH_ZERO)\w+ unreachable$/)
  })

  it('is 1.2 or newer, though the command line allows older', async t => {
    const { privateKey: key, certificate: cert, ca } = await identity
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    const server = createServer({ key, cert, ...old }, socket => socket.end(OK))
    server.on('tlsClientError', () => {})
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.after(() => server.close())
    const caFile = join(temporaryDirectory(t), 'ca.pem')
    writeFileSync(caFile, ca)
    const origin = `https://localhost:${(server.address() as AddressInfo).port}`
    const options = ['--tls-min-v1.0', '--tls-cipher-list=DEFAULT@SECLEVEL=0', ASK_ONCE, origin, caFile]
    assert.match((await run(process.execPath, options)).stdout, /^not-processed ERR_SSL_\w+ unreachable$/)
  })

  it('that the other side does not speak, or never finishes', async t => {
    const server = await startServer(t, answer)
    const { ask, clock } = await startClient(t, server.origin().replace('http:', 'https:'))
    const first = ask()
    await server.until(() => server.sockets.length === 1)
    server.sockets[0]?.write('HTTP/1.1 400 What\r\n\r\n')
    assert.equal(await first, 'not-processed ERR_SSL_WRONG_VERSION_NUMBER unreachable')
    const second = ask()
    await server.until(() => server.sockets.length === 2)
    clock.advance(5000)
    assert.equal(await second, 'not-processed connect-timeout unreachable')
  })
})

describe('addresses', () => {
  it('are those that the lookup finds, asked for every connection', async t => {
    const names: string[] = []
    const server = await startServer(t, ({ socket }) => {
      socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok')
    })
    const { ask } = await startClient(t, server.origin('push.invalid'), {
      lookup: (name, options, callback) => {
        names.push(name)
        loopback(name, options, callback)
      },
    })
    assert.deepEqual([await ask(), await ask()], ['200 ok', '200 ok'])
    assert.deepEqual(names, ['push.invalid', 'push.invalid'])
    assert.match(server.requests[0] ?? '', /\r\nhost: push\.invalid:\d+\r\n/)
  })

  it('may be refused, also one that stands in the origin', async t => {
    const server = await startServer(t, answer)
    const refuse: LookupFunction = (_name, _options, callback) =>
      callback(Object.assign(new Error('127.0.0.1 is private'), { code: 'address-refused' }), [])
    for (const host of ['localhost', '127.0.0.1', '127.1', '2130706433', '0x7f.1']) {
      const { ask, states } = await startClient(t, server.origin(host), { lookup: refuse })
      assert.equal(await ask(), 'not-processed address-refused unreachable')
      assert.deepEqual(states, ['failed address-refused'])
    }
    assert.equal(server.sockets.length, 0)
    const { ask } = await startClient(t, server.origin('127.0.0.1'), { lookup: loopback })
    assert.equal(await ask(), '200 ok')
  })
})

it('takes the fields it is given, and its own host', async t => {
  const { client, server } = await startRig(t, answer)
  await client.request({ ...REQUEST, headers: { host: 'evil.invalid', 'x-a': 'b' } })
  const host = new URL(server.origin()).host
  assert.match(server.requests[0] ?? '', new RegExp(`\\r\\nhost: ${host}\\r\\nx-a: b\\r\\n`))
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants, type ServerHttp2Session } from 'node:http2'
import { describe, test } from 'node:test'
import type { Http2Client } from '../../src/http2/http2-client.ts'
import { CLIENTS, differential, inTurn, many, play, request } from './support/differential.ts'
import type { Incoming, ScriptedServer } from './support/scripted-server.ts'

const CODES = {
  NO_ERROR: constants.NGHTTP2_NO_ERROR,
  PROTOCOL_ERROR: constants.NGHTTP2_PROTOCOL_ERROR,
  INTERNAL_ERROR: constants.NGHTTP2_INTERNAL_ERROR,
  REFUSED_STREAM: constants.NGHTTP2_REFUSED_STREAM,
  CANCEL: constants.NGHTTP2_CANCEL,
  ENHANCE_YOUR_CALM: constants.NGHTTP2_ENHANCE_YOUR_CALM,
  HTTP_1_1_REQUIRED: constants.NGHTTP2_HTTP_1_1_REQUIRED,
}
const { NO_ERROR, INTERNAL_ERROR } = CODES
const HIGHEST_STREAM = 2 ** 31 - 1

function ok({ stream }: Incoming): void {
  if (stream.destroyed || stream.closed) return
  stream.respond({ ':status': 200 })
  stream.end('ok')
}

/** Answers /held when it is let go, the rest at once. */
class Holding {
  #held: Incoming[] = []

  script = (incoming: Incoming): void => {
    if (incoming.path === '/held') this.#held.push(incoming)
    else ok(incoming)
  }

  release(count = this.#held.length): void {
    for (const incoming of this.#held.splice(0, count)) ok(incoming)
  }

  forget(): void {
    this.#held = []
  }
}

/** Ten under way; something happens to their connection; one more afterwards. */
async function tenUnderWay(
  client: Http2Client,
  server: ScriptedServer,
  happens: (session: ServerHttp2Session) => Promise<void> | void,
) {
  const results = many(10, () => client.request(request('/held')))
  await server.requests(10)
  await happens(server.sessions[0]!)
  return [...(await results), await client.request(request('/'))]
}

const pinged = (session: ServerHttp2Session) => new Promise<void>(resolve => session.ping(() => resolve()))

const times = (count: number, outcome: string) => Array<string>(count).fill(outcome)

describe('engine and reference: streams that end badly', () => {
  for (const [name, code] of Object.entries(CODES)) {
    const outcome = name === 'REFUSED_STREAM' ? 'not-processed' : 'unknown'
    differential(`reset with ${name} instead of a response`, {
      script: incoming => (incoming.path === '/reset' ? incoming.stream.close(code) : ok(incoming)),
      run: client =>
        inTurn([
          () => client.request(request('/reset')),
          () => client.request(request('/reset', { body: Buffer.from('body') })),
          () => client.request(request('/')),
        ]),
      outcome: [outcome, outcome, '200 ok'],
    })
  }

  for (const [name, code] of Object.entries(CODES))
    differential(`reset with ${name} amid a response`, {
      script: async incoming => {
        const { stream, path, session } = incoming
        if (path !== '/reset') ok(incoming)
        else {
          stream.respond({ ':status': 200 })
          // What was said before has arrived when the PING comes back.
          await pinged(session)
          // More than the window lets through, so that Node cannot end the stream before it resets it.
          stream.write(Buffer.alloc(3_000_000))
          stream.close(code)
        }
      },
      limits: { responseBytes: 5_000_000 },
      run: client => inTurn([() => client.request(request('/reset')), () => client.request(request('/'))]),
      outcome: ['unknown after 200', '200 ok'],
      ...(code === NO_ERROR && {
        reference: { because: 'Node takes a reset with NO_ERROR for the end of the response' },
      }),
    })

  differential('answered before the body was through, and the rest refused', {
    script: ({ stream }) => {
      stream.respond({ ':status': 413 })
      stream.end('no')
      stream.close(NO_ERROR)
    },
    run: client => many(3, () => client.request(request('/', { body: Buffer.alloc(5_000_000) }))),
    outcome: times(3, '413 no'),
    seenDiffers: 'how much of the body was on its way is chance',
  })

  test('engine: answered before the body was through, by a server that would read on: we send no more', {
    timeout: 30_000,
  }, async t => {
    const ends: Promise<unknown>[] = []
    await play(
      t,
      {
        script: ({ stream }) => {
          ends.push(once(stream, 'close'))
          stream.pause()
          stream.respond({ ':status': 413 })
          stream.end('no')
        },
        run: async client => {
          const results = await many(3, () => client.request(request('/', { body: Buffer.alloc(5_000_000) })))
          await Promise.all(ends)
          return results
        },
      },
      CLIENTS.engine,
    )
  })

  differential('no answer in time: the stream is cancelled, the connection goes on', {
    limits: { requestMs: 5000 },
    script: new Holding().script,
    run: async (client, server, clock) => {
      const results = many(2, () => client.request(request('/held')))
      await server.requests(2)
      clock.advance(5000)
      await server.brokenOff(2)
      return [...(await results), await client.request(request('/'))]
    },
    outcome: ['unknown', 'unknown', '200 ok'],
  })

  differential('fields of a response beyond our limit, before others that are remembered', {
    script: ({ stream, path }) => {
      const large = path === '/large' ? { 'x-large': 'x'.repeat(20_000) } : {}
      stream.respond({ ':status': 200, ...large, 'x-one': 'first', 'x-two': 'second' })
      stream.end('ok')
    },
    run: client => inTurn(['/large', '/', '/large', '/'].map(path => () => client.request(request(path)))),
    outcome: ['unknown', '200 ok', 'unknown', '200 ok'],
    reference: { outcome: times(4, '200 ok'), because: 'Node takes 64 KiB, we 16' },
    seenDiffers: 'so only we break it off',
  })
})

describe('engine and reference: connections that end', () => {
  const holding = new Holding()
  const { script } = holding

  differential('GOAWAY: those up to the last stream are answered, the others were not processed', {
    script,
    run: (client, server) =>
      tenUnderWay(client, server, session => {
        session.goaway(NO_ERROR, 9)
        holding.release(5)
        holding.forget()
      }),
    outcome: [...times(5, '200 ok'), ...times(5, 'not-processed'), '200 ok'],
  })

  differential('GOAWAY in two steps, the second of which takes in all', {
    script,
    run: (client, server) =>
      tenUnderWay(client, server, async session => {
        session.goaway(NO_ERROR, HIGHEST_STREAM)
        await pinged(session)
        session.goaway(NO_ERROR, 19)
        holding.release()
      }),
    outcome: times(11, '200 ok'),
  })

  differential('GOAWAY in two steps, the second of which takes in some', {
    script,
    run: (client, server) =>
      tenUnderWay(client, server, async session => {
        session.goaway(NO_ERROR, HIGHEST_STREAM)
        await pinged(session)
        session.goaway(NO_ERROR, 15)
        holding.release(8)
        holding.forget()
      }),
    outcome: [...times(8, '200 ok'), ...times(2, 'not-processed'), '200 ok'],
    reference: { because: 'Node ends such a session with ERR_HTTP2_ERROR, and loses the eight answers' },
    seenDiffers: 'so only Node breaks them off',
  })

  differential('GOAWAY with an error: who is above the last stream knows it', {
    script,
    run: (client, server) =>
      tenUnderWay(client, server, async session => {
        session.goaway(INTERNAL_ERROR, 9, Buffer.from('debug data'))
        holding.release(5)
        holding.forget()
      }),
    outcome: [...times(5, '200 ok'), ...times(5, 'not-processed'), '200 ok'],
    reference: {
      outcome: [...times(5, 'unknown'), ...times(5, 'not-processed'), '200 ok'],
      because: 'Node destroys the session at once, answers or not; RFC 9113 §6.8 lets them come',
    },
    seenDiffers: 'so only Node breaks them off',
  })

  differential('GOAWAY when nothing is under way: the next goes to another connection', {
    script,
    run: async (client, server) => {
      const before = await client.request(request('/'))
      server.sessions[0]!.close()
      await new Promise<void>(resolve => server.sessions[0]!.once('close', resolve))
      return [before, await client.request(request('/'))]
    },
    outcome: ['200 ok', '200 ok'],
  })

  differential('a server that closes when all is answered', {
    script,
    run: (client, server) =>
      tenUnderWay(client, server, session => {
        session.close()
        holding.release()
      }),
    outcome: times(11, '200 ok'),
  })

  differential('TCP reset', {
    script,
    run: (client, server) =>
      tenUnderWay(client, server, () => {
        server.drop()
        holding.forget()
      }),
    outcome: [...times(10, 'unknown'), '200 ok'],
  })

  differential('a server that gives up with an error', {
    script,
    run: (client, server) =>
      tenUnderWay(client, server, session => {
        session.destroy(undefined, INTERNAL_ERROR)
        holding.forget()
      }),
    outcome: [...times(10, 'unknown'), '200 ok'],
  })

  differential('nobody listens', {
    script,
    run: async (client, server) => {
      await server.stop()
      const results = await many(2, () => client.request(request('/')))
      assert.equal(client.state(), 'down')
      return results
    },
    outcome: ['unreachable', 'unreachable'],
  })

  differential('closed by its owner: what is under way is answered, and no more is taken', {
    script,
    run: async (client, server) => {
      const results = many(3, () => client.request(request('/held')))
      await server.requests(3)
      const closed = client.close()
      const late = client.request(request('/'))
      holding.release()
      await closed
      return [...(await results), await late]
    },
    outcome: [...times(3, '200 ok'), 'unreachable'],
  })
})

describe('engine and reference: stream limits', () => {
  const counting = () => {
    const counts = { underWay: 0, most: 0 }
    const script = async (incoming: Incoming) => {
      counts.underWay += 1
      counts.most = Math.max(counts.most, counts.underWay)
      incoming.stream.on('close', () => {
        counts.underWay -= 1
      })
      await incoming.body
      // Apple starts with one stream, and allows more when it knows the client.
      if (incoming.number === 1) incoming.session.settings({ maxConcurrentStreams: 1000 })
      ok(incoming)
    }
    return { counts, script }
  }

  for (const limit of [1, 2, 7, 100])
    differential(`${limit} at once, while 200 wait`, {
      server: { settings: { maxConcurrentStreams: limit } },
      script: ok,
      run: client => many(200, at => client.request(request(`/${at}`))),
      outcome: times(200, '200 ok'),
    })

  differential('one at first, then a thousand', {
    server: { settings: { maxConcurrentStreams: 1 } },
    script: counting().script,
    run: client => many(200, at => client.request(request(`/${at}`, { body: Buffer.from(String(at)) }))),
    outcome: times(200, '200 ok'),
  })

  const holding = new Holding()
  differential('none at first, then five', {
    server: { settings: { maxConcurrentStreams: 0 } },
    script: ok,
    run: async (client, server) => {
      const results = many(20, at => client.request(request(`/${at}`)))
      const session = await server.session(1)
      session.settings({ maxConcurrentStreams: 5 })
      return results
    },
    outcome: times(20, '200 ok'),
  })

  differential('fewer than are under way: nobody is broken off, and the others wait', {
    script: holding.script,
    run: async (client, server) => {
      const first = many(10, () => client.request(request('/held')))
      await server.requests(10)
      const session = server.sessions[0]!
      await new Promise<void>(resolve => session.settings({ maxConcurrentStreams: 2 }, () => resolve()))
      const rest = many(10, () => client.request(request('/rest')))
      await pinged(session)
      assert.equal(server.seen.length, 10)
      holding.release()
      return [...(await first), ...(await rest)]
    },
    outcome: times(20, '200 ok'),
  })

  differential('no free stream for too long', {
    server: { settings: { maxConcurrentStreams: 1 } },
    limits: { queueMs: 5000 },
    script: holding.script,
    run: async (client, server, clock) => {
      const first = client.request(request('/held'))
      await server.requests(1)
      const waiting = many(3, () => client.request(request('/')))
      clock.advance(5000)
      const waited = await waiting
      holding.release()
      return [await first, ...waited]
    },
    outcome: ['200 ok', ...times(3, 'unreachable')],
  })
})

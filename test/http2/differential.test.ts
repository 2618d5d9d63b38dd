import { constants } from 'node:http2'
import { describe } from 'node:test'
import { differential, inTurn, many, request } from './support/differential.ts'
import type { Script } from './support/scripted-server.ts'

const LONG = 'long '.repeat(800).trim()
const FIELDS: Record<string, string> = {
  'x-empty': '',
  'x-spaces': 'a  b',
  'x-latin1': 'caf\u00e9 \u00ff',
  'x-punctuation': '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
  'x-long': LONG,
  'content-type': 'application/json',
  authorization: 'bearer a.b.c',
}
const manyFields = (count: number, size: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`x-field-${at}`, `${at}-${'v'.repeat(size)}`]))
const bytes = (count: number) => Buffer.alloc(count, 'abcdefg')

const echo: Script = async ({ stream, body }) => {
  const echoed = await body
  stream.respond({ ':status': 200 })
  stream.end(echoed)
}

describe('engine and reference: requests and answers', () => {
  differential('methods, paths, and a body or none', {
    script: echo,
    run: client =>
      inTurn([
        () => client.request(request('/')),
        () => client.request(request('/a/b?c=d%20e&f')),
        () => client.request(request('*', { method: 'OPTIONS' })),
        () => client.request(request('/x', { method: 'POST' })),
        () => client.request(request('/x', { body: Buffer.from('body') })),
        () => client.request(request('/x', { method: 'PUT', body: Buffer.from('put') })),
        () => client.request(request('/x', { method: 'DELETE', body: Buffer.from('delete') })),
      ]),
    outcome: ['200', '200', '200', '200', '200 body', '200 put', '200 delete'],
  })

  differential('fields of a request, once and again', {
    script: echo,
    run: client =>
      inTurn([
        () => client.request(request('/', { headers: FIELDS })),
        () => client.request(request('/', { headers: FIELDS })),
        () => client.request(request('/', { uniqueHeaders: FIELDS })),
        () => client.request(request('/', { headers: manyFields(90, 20), uniqueHeaders: FIELDS })),
        () => client.request(request('/', { headers: manyFields(90, 21) })),
        () => client.request(request('/', { headers: FIELDS })),
      ]),
    outcome: Array(6).fill('200'),
  })

  for (const headerTableSize of [0, 64, 300, 65_536])
    differential(`a server that remembers ${headerTableSize} octets of fields`, {
      server: { settings: { headerTableSize } },
      script: echo,
      run: client =>
        many(50, at =>
          client.request(request(`/${at}`, { headers: FIELDS, uniqueHeaders: manyFields(5, at) })),
        ),
      outcome: Array(50).fill('200'),
    })

  differential('fields of a request that take more than one frame', {
    server: { settings: { maxHeaderListSize: 200_000 } },
    script: echo,
    run: client =>
      inTurn([
        () => client.request(request('/', { uniqueHeaders: manyFields(60, 800) })),
        () => client.request(request('/', { headers: manyFields(60, 800), body: bytes(10) })),
        () => client.request(request('/')),
      ]),
    outcome: ['200', `200 ${bytes(10)}`, '200'],
  })

  differential('fields of a response, repeated ones too', {
    script: ({ stream, number }) => {
      stream.respond({
        ':status': 200,
        ...FIELDS,
        ...manyFields(40, number),
        'x-repeated': ['one', 'two, three', 'four'],
        'set-cookie': ['a=1', 'b=2'],
        'retry-after': '7',
      })
      stream.end('x')
    },
    run: client => many(20, () => client.request(request('/'))),
    outcome: Array(20).fill('200 x'),
  })

  differential('statuses', {
    script: ({ stream, path }) => {
      stream.respond({ ':status': Number(path.slice(1)) }, { endStream: true })
    },
    run: client =>
      inTurn(
        [200, 201, 204, 205, 304, 400, 404, 410, 413, 429, 500, 503, 599].map(
          status => () => client.request(request(`/${status}`)),
        ),
      ),
    outcome: ['200', '201', '204', '205', '304', '400', '404', '410', '413', '429', '500', '503', '599'],
  })

  for (const size of [1, 16_383, 16_384, 16_385, 65_535, 65_536, 500_000])
    differential(`a body of ${size} bytes, there and back`, {
      script: echo,
      run: client => many(3, () => client.request(request('/', { body: bytes(size) }))),
      outcome: Array(3).fill(size === 1 ? '200 a' : `200 ${size} bytes`),
    })

  for (const initialWindowSize of [0, 1, 100, 1_000_000])
    differential(`a body where the window is ${initialWindowSize} at first, then another`, {
      server: { settings: { initialWindowSize } },
      script: async incoming => {
        // The answer to the first request comes after a larger window, the rest with a smaller one.
        incoming.session.settings({ initialWindowSize: incoming.number === 1 ? 5000 : 300 })
        await echo(incoming)
      },
      run: client =>
        inTurn([
          () => client.request(request('/', { body: bytes(3000) })),
          () => client.request(request('/', { body: bytes(20_000) })),
        ]),
      outcome: ['200 3000 bytes', '200 20000 bytes'],
    })

  for (const padding of ['MAX', 'CALLBACK'] as const)
    differential(`padding: ${padding}`, {
      server: { paddingStrategy: constants[`PADDING_STRATEGY_${padding}`] },
      script: echo,
      run: client => many(5, () => client.request(request('/', { headers: FIELDS, body: bytes(100_000) }))),
      outcome: Array(5).fill('200 100000 bytes'),
    })

  differential('informational responses come before the response', {
    script: ({ stream }) => {
      stream.additionalHeaders({ ':status': 100 })
      stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' })
      stream.additionalHeaders({ ':status': 103, link: '</b.css>; rel=preload' })
      stream.respond({ ':status': 200, 'x-final': 'yes' })
      stream.end('final')
    },
    run: client => many(3, () => client.request(request('/', { body: bytes(10) }))),
    outcome: Array(3).fill('200 final'),
  })

  differential('trailers come after it', {
    script: ({ stream }) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-trailer': 'late' }))
      stream.end('body')
    },
    run: client => many(3, () => client.request(request('/'))),
    outcome: Array(3).fill('200 body'),
  })

  differential('an empty body: in the fields, or in a frame of its own', {
    script: ({ stream, path }) => {
      stream.respond({ ':status': 200 }, { endStream: path === '/fields' })
      if (path !== '/fields') stream.end()
    },
    run: client => inTurn(['/fields', '/frame', '/fields'].map(path => () => client.request(request(path)))),
    outcome: ['200', '200', '200'],
  })

  differential('HEAD and 304 name a length, and have no body', {
    script: ({ stream, path }) => {
      stream.respond({ ':status': Number(path.slice(1)), 'content-length': 1000 }, { endStream: true })
    },
    run: client =>
      inTurn([
        () => client.request(request('/200', { method: 'HEAD' })),
        () => client.request(request('/304')),
      ]),
    outcome: ['200', '304'],
  })

  for (const said of [5, 500])
    differential(`content-length ${said} of 10 bytes: no response`, {
      script: ({ stream }) => {
        stream.respond({ ':status': 200, 'content-length': said })
        stream.end('ten bytes.')
      },
      run: client => inTurn([() => client.request(request('/'))]),
      outcome: ['unknown after 200'],
    })

  differential('what else a server may say is passed over', {
    script: ({ session, stream }) => {
      session.altsvc('h2=":8000"', stream.id ?? 0)
      session.origin('https://example.com')
      session.ping(() => {
        stream.respond({ ':status': 200 })
        stream.end(String(stream.pushAllowed))
      })
    },
    run: client => many(3, () => client.request(request('/'))),
    outcome: Array(3).fill('200 false'),
  })

  differential('of a longer response the rest is not waited for', {
    limits: { responseBytes: 20 },
    script: ({ stream }) => {
      stream.respond({ ':status': 200 })
      stream.write(bytes(100_000))
    },
    run: async (client, server) => {
      const results = await many(2, () => client.request(request('/')))
      await server.brokenOff(2)
      return results
    },
    outcome: Array(2).fill(`200 ${bytes(20)}`),
  })
})

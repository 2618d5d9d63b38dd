// Run as a process: the smallest reverse proxy over Node's own HTTP/2 server.
import { readFileSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import {
  constants,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { FILES, type Wishes } from './server-kind.ts'

export interface NodeProxySettings extends Wishes {
  port: number
  backendPort: number
  generation: number
}

/** RFC 9110 §7.6.1: what is about one connection is not passed on; RFC 9113 §8.2.2 forbids it in HTTP/2. */
const OF_THE_CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade'])
const MOST_HEADER_BYTES = 256 * 1024

const file = process.argv[2] as string
let settings = readSettings()
const agent = new Agent({ keepAlive: true })
const sessions = new Set<ServerHttp2Session>()

const server = createSecureServer(
  {
    key: readFileSync(FILES.key),
    cert: readFileSync(FILES.certificate),
    ca: readFileSync(FILES.authority),
    requestCert: settings.clientCertificates ?? false,
    maxSendHeaderBlockLength: MOST_HEADER_BYTES,
    settings: { maxConcurrentStreams: settings.streams ?? 100, maxHeaderListSize: MOST_HEADER_BYTES },
  },
  pass,
)
server.on('session', session => {
  let requests = 0
  sessions.add(session)
  session.on('close', () => sessions.delete(session))
  session.on('stream', () => {
    requests += 1
    if (requests === settings.requestsPerConnection) session.close()
  })
  session.setTimeout(settings.idleMs ?? 0, () => session.close())
})
server.listen(settings.port, '127.0.0.1', () => console.log('listening'))

// `close` says GOAWAY, and ends the connection when its requests have ended.
process.on('SIGHUP', () => {
  settings = readSettings()
  for (const session of sessions) session.close()
})

function readSettings(): NodeProxySettings {
  return JSON.parse(readFileSync(file, 'utf8'))
}

function pass(incoming: Http2ServerRequest, outgoing: Http2ServerResponse): void {
  const socket = incoming.stream.session?.socket as TLSSocket | undefined
  const fields = incoming.rawHeaders.flatMap((text, at, raw) =>
    at % 2 === 0 && !text.startsWith(':') ? [text, raw[at + 1] ?? ''] : [],
  )
  const backend = request({
    agent,
    maxHeaderSize: MOST_HEADER_BYTES,
    host: '127.0.0.1',
    port: settings.backendPort,
    method: incoming.method,
    path: incoming.url,
    headers: [...fields, 'host', incoming.authority, 'x-server-name', String(socket?.servername)],
  })
  backend.on('information', () => outgoing.writeEarlyHints({ link: '</style.css>; rel=preload' }))
  backend.on('response', answer => answerWith(answer, outgoing))
  backend.on('error', () => {
    if (!outgoing.headersSent) outgoing.writeHead(502).end()
    else outgoing.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  })
  incoming.pipe(backend)
}

function answerWith(answer: IncomingMessage, outgoing: Http2ServerResponse): void {
  for (const [name, values = []] of Object.entries(answer.headersDistinct))
    if (!OF_THE_CONNECTION.has(name)) outgoing.setHeader(name, values)
  outgoing.setHeader('x-generation', settings.generation)
  outgoing.writeHead(answer.statusCode ?? 502)
  answer.on('error', () => outgoing.stream.close(constants.NGHTTP2_INTERNAL_ERROR))
  answer.pipe(outgoing)
}

import { sign } from 'node:crypto'
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2'
import type { ApnsKey } from '../../src/simulator/apns/apns-key.ts'

export interface ApnsAnswer {
  status: number
  headers: Record<string, unknown>
  body: string
  /** Of the JSON body. */
  reason?: string
  timestamp?: number
  detail?: string
}

/** Why there was no answer. */
export interface ApnsFailure {
  error: string
  rstCode: number | undefined
}

export interface ApnsClient {
  session: ClientHttp2Session
  /** Each GOAWAY, in order. */
  goaways: { code: number; lastStreamId: number; data: string }[]
  closed: Promise<void>
  /** Sends and waits for the answer; throws when there is none. */
  push(request?: ApnsRequest): Promise<ApnsAnswer>
  /** As push, but a stream that ends without an answer is a value. */
  tryPush(request?: ApnsRequest): Promise<ApnsAnswer | ApnsFailure>
  close(): void
}

export interface ApnsRequest {
  token?: string
  /** Merged over the default ones; undefined removes one. */
  headers?: Record<string, string | string[] | undefined>
  body?: unknown
}

export const TOKEN = 'ab'.repeat(32)
export const TOPIC = 'com.example.chat'

/** As raw as Node allows: what a test gives is what is sent. */
export function connectApns(
  server: { url: string; ca: string },
  options: { jwt?: string; cert?: string; key?: string } = {},
): ApnsClient {
  const { jwt, ...tls } = options
  const session = connect(server.url, { ca: server.ca, ...tls })
  const goaways: ApnsClient['goaways'] = []
  session.on('error', () => {})
  session.on('goaway', (code, lastStreamId, data) => {
    goaways.push({ code, lastStreamId, data: data === undefined ? '' : Buffer.from(data).toString() })
  })
  const closed = new Promise<void>(resolve => session.once('close', resolve))
  const tryPush = (request: ApnsRequest = {}) => sendPush(session, request, jwt)
  return {
    session,
    goaways,
    closed,
    tryPush,
    async push(request) {
      const answer = await tryPush(request)
      if ('error' in answer) throw new Error(`no answer: ${answer.error}`)
      return answer
    },
    close: () => session.destroy(),
  }
}

function sendPush(
  session: ClientHttp2Session,
  request: ApnsRequest,
  jwt: string | undefined,
): Promise<ApnsAnswer | ApnsFailure> {
  const stream = session.request(pushHeaders({ ...request, jwt }), { endStream: false })
  return new Promise(resolve => {
    let answered: Record<string, unknown> | undefined
    let body = ''
    let error = 'closed'
    stream.setEncoding('utf8')
    stream.on('response', received => {
      answered = { ...received }
    })
    stream.on('data', chunk => {
      body += chunk
    })
    stream.on('error', (cause: NodeJS.ErrnoException) => {
      error = cause.code ?? cause.message
    })
    stream.on('close', () => {
      if (answered === undefined) resolve({ error, rstCode: stream.rstCode })
      else resolve({ status: Number(answered[':status']), headers: answered, body, ...readReason(body) })
    })
    stream.end(encode(request.body))
  })
}

/** Of a push as tests send it, unless they say otherwise. */
export function pushHeaders({
  token = TOKEN,
  headers = {},
  jwt,
}: Omit<ApnsRequest, 'body'> & { jwt: string | undefined }): OutgoingHttpHeaders {
  const all: ApnsRequest['headers'] = {
    ':method': 'POST',
    ':path': `/3/device/${token}`,
    authorization: jwt === undefined ? undefined : `bearer ${jwt}`,
    'apns-topic': TOPIC,
    'apns-push-type': 'alert',
    ...headers,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

function encode(body: unknown): string | Buffer {
  if (typeof body === 'string' || Buffer.isBuffer(body)) return body
  return JSON.stringify(body ?? { aps: { alert: 'Hi' } })
}

function readReason(body: string): object {
  try {
    return JSON.parse(body)
  } catch {
    return {}
  }
}

/** A provider token; `head` and `claims` override, for wrong ones. */
export function signJwt(
  key: ApnsKey,
  iat: unknown,
  changes: { head?: object; claims?: object; dsaEncoding?: 'der' } = {},
): string {
  const encodePart = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const head = encodePart({ alg: 'ES256', kid: key.keyId, ...changes.head })
  const claims = encodePart({ iss: key.teamId, iat, ...changes.claims })
  const dsaEncoding = changes.dsaEncoding ?? 'ieee-p1363'
  const signature = sign('sha256', Buffer.from(`${head}.${claims}`), { key: key.privateKey, dsaEncoding })
  return `${head}.${claims}.${signature.toString('base64url')}`
}

import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { Clock } from '../../domain/clock.ts'
import type { Connection, Connections } from '../connections.ts'
import { createDelays } from '../delays.ts'
import type { Fault, Faults } from '../fault.ts'
import type { HttpAnswer } from '../http-fault.ts'
import { readBody } from '../stream-body.ts'
import { isGone, noteProcessed, strikeStream } from '../strike-stream.ts'
import type { GrantedTokens } from './access-tokens.ts'
import { badRequest, fcmError, type GoogleError, googleErrorBody, NOT_FOUND_PAGE } from './google-error.ts'
import { isSentMessage, MAX_REQUEST_BYTES, readMessage, type SentMessage } from './message-rules.ts'
import type { RegistrationTokens } from './registration-tokens.ts'

export interface ExchangeParts {
  projectId: string
  accessTokens: GrantedTokens
  registrationTokens: RegistrationTokens
  /** Why the project as a whole is refused just now. */
  projectError(): GoogleError | undefined
  faults: Faults
  clock: Clock
  connections(): Connections
  /** A request arrived, right or wrong. */
  onRequest(): void
  /** FCM takes it; answers its name. */
  onMessage(sent: SentMessage): string
  /** Answered 200. */
  onAccepted(): void
  onRefusal(status: number, word: string): void
  onStrike(fault: Fault): void
}

export interface Exchange {
  handle(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
    connection: Connection,
  ): void
  /** Forgets what is delayed. */
  close(): void
}

interface Push {
  stream: ServerHttp2Stream
  connection: Connection
  sent: SentMessage
}

const { HTTP2_HEADER_STATUS } = constants
const JSON_HEADERS = { 'content-type': 'application/json; charset=UTF-8' }

/** One request and its answer: the rules first, then the faults, then the phone. */
export function createExchange(parts: ExchangeParts): Exchange {
  const delays = createDelays(parts.clock)

  function refuse(stream: ServerHttp2Stream, error: GoogleError): void {
    parts.onRefusal(error.status, error.errorCode ?? error.reason ?? error.word)
    reply(stream, answerOf(error))
  }

  function receive(push: Push): void {
    const fault = parts.faults.strike(push.sent.token, parts.projectId)
    if (fault === undefined) accept(push)
    else if (fault.delayMs === undefined || fault.delayMs === 0) suffer(push, fault)
    else void delay(push, fault, fault.delayMs)
  }

  async function delay(push: Push, fault: Fault, delayMs: number): Promise<void> {
    if (await delays.wait(delayMs)) suffer(push, fault)
  }

  function take(push: Push): string {
    noteProcessed(push)
    return parts.onMessage(push.sent)
  }

  function accept(push: Push): void {
    if (isGone(push)) return
    const name = take(push)
    parts.onAccepted()
    reply(push.stream, { status: 200, headers: JSON_HEADERS, body: JSON.stringify({ name }) })
  }

  function suffer(push: Push, fault: Fault): void {
    if (isGone(push)) return
    if (fault.shown) take(push)
    parts.onStrike(fault)
    strikeStream(push, fault, {
      accept: () => accept(push),
      answer: answered => reply(push.stream, faultAnswer(answered)),
      connections: parts.connections(),
    })
  }

  return {
    handle(stream, headers, _rawHeaders, connection) {
      parts.onRequest()
      if (!isSendPath(headers)) {
        parts.onRefusal(404, 'page')
        reply(stream, NOT_FOUND_PAGE)
        return
      }
      const refused = checkHead(headers, parts)
      if (refused !== undefined) refuse(stream, refused)
      else
        readBody(stream, MAX_REQUEST_BYTES, body => {
          const read = body === undefined ? TOO_LONG : readPush(body, parts)
          if (isSentMessage(read)) receive({ stream, connection, sent: read })
          else refuse(stream, read)
        })
    },
    close: () => delays.close(),
  }
}

const TOO_LONG: GoogleError = {
  status: 413,
  word: 'INVALID_ARGUMENT',
  message: 'Request payload size exceeds the limit.',
}

const PATH = /^\/v1\/projects\/([^/]+)\/messages:send$/

function isSendPath(headers: IncomingHttpHeaders): boolean {
  return headers[':method'] === 'POST' && PATH.test(headers[':path'] ?? '')
}

function checkHead(headers: IncomingHttpHeaders, parts: ExchangeParts): GoogleError | undefined {
  const refused = parts.accessTokens.check(headers.authorization)
  if (refused !== undefined) return refused
  if (PATH.exec(headers[':path'] ?? '')?.[1] !== parts.projectId) {
    return { status: 404, word: 'NOT_FOUND', message: 'Requested entity was not found.' }
  }
  const type = headers['content-type']?.split(';')[0]?.trim()
  if (type !== 'application/json')
    return badRequest([{ description: 'The content type must be application/json.' }])
  return parts.projectError()
}

function readPush(body: Buffer, parts: ExchangeParts): SentMessage | GoogleError {
  const read = readMessage(body)
  return isSentMessage(read) ? (parts.registrationTokens.check(read.token) ?? read) : read
}

function answerOf(error: GoogleError): HttpAnswer {
  const { status, retryAfter } = error
  const headers = { ...JSON_HEADERS, ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }) }
  return { status, headers, body: googleErrorBody(error) }
}

/** `reason`: an error code of FCM, in Google's JSON; `body`: anything else. */
function faultAnswer({ status, reason, retryAfter, body }: Fault & { action: 'answer' }): HttpAnswer {
  const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
  if (body !== undefined || reason === undefined) return { status, headers, body: body ?? '' }
  const error = { ...fcmError(reason), status }
  return answerOf(retryAfter === undefined ? error : { ...error, retryAfter })
}

const BODILESS = [204, 205, 304]

/** May come before the request is complete; what still arrives of it is read and dropped. */
function reply(stream: ServerHttp2Stream, { status, headers = {}, body = '' }: HttpAnswer): void {
  if (stream.destroyed || stream.closed) return
  const isEmpty = body.length === 0 || BODILESS.includes(status)
  stream.respond({ [HTTP2_HEADER_STATUS]: status, ...headers }, { endStream: isEmpty })
  if (!isEmpty) stream.end(body)
  stream.resume()
}

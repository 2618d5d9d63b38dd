import { randomUUID } from 'node:crypto'
import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { Fault } from '../fault.ts'
import type { Refusal } from './refusal.ts'

export interface Responder {
  accept(stream: ServerHttp2Stream, apnsId: string): void
  /** May come before the request is complete; what still arrives of it is read and dropped. */
  refuse(stream: ServerHttp2Stream, apnsId: string, refused: Refusal): void
  answer(stream: ServerHttp2Stream, apnsId: string, fault: Fault & { action: 'answer' }): void
}

const { HTTP2_HEADER_STATUS } = constants
const BODILESS = [204, 205, 304]

export function createResponder(environment: string): Responder {
  /** Only the development environment tells the id by which Apple's console finds the push. */
  function headersFor(status: number, apnsId: string): OutgoingHttpHeaders {
    const headers: OutgoingHttpHeaders = { [HTTP2_HEADER_STATUS]: status, 'apns-id': apnsId }
    if (environment === 'sandbox') headers['apns-unique-id'] = randomUUID()
    return headers
  }

  function reply(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders, body: string): void {
    if (stream.destroyed || stream.closed) return
    const isEmpty = body === '' || BODILESS.includes(Number(headers[HTTP2_HEADER_STATUS]))
    stream.respond(headers, { endStream: isEmpty })
    if (!isEmpty) stream.end(body)
    stream.resume()
  }

  return {
    accept: (stream, apnsId) => reply(stream, headersFor(200, apnsId), ''),
    refuse(stream, apnsId, { status, ...said }) {
      reply(stream, headersFor(status, apnsId), JSON.stringify(said))
    },
    answer(stream, apnsId, { status, reason, timestamp, retryAfter, body }) {
      const headers = headersFor(status, apnsId)
      if (retryAfter !== undefined) headers['retry-after'] = retryAfter
      const said = reason === undefined ? '' : JSON.stringify({ reason, timestamp })
      reply(stream, headers, body ?? said)
    },
  }
}

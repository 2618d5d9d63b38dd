import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { describeError } from '../../telemetry/describe-error.ts'
import type { Events } from '../../telemetry/events.ts'
import { type Envelope, envelopeOf, toTableError } from '../envelope.ts'
import { errors } from '../errors.ts'

/**
 * When to come back after 503. Erlang's httpc repeats such a request by itself while this is below 100 s, holding the
 * session of a sender whose module called it synchronously (inets, httpc_response.erl); from 100 s on it gives the answer
 * back. Our own module goes by its own backoff.
 */
const RETRY_AFTER_SECONDS = 120

export interface ErrorHandlingOptions {
  events: Pick<Events, 'emit'>
}

/** One envelope for everything that goes wrong, 404s included. */
export const errorHandling = fp(
  async (app, { events }: ErrorHandlingOptions) => {
    app.setErrorHandler(createErrorHandler(events))
    // RFC 9112 §3.2: a 400 for an HTTP/1.1 request without it.
    app.addHook('onRequest', async ({ raw }) => {
      if (raw.headers.host === undefined && raw.httpVersion === '1.1') throw new errors.hostRequired()
    })
    app.server.on('checkExpectation', refuseExpectation)
    // Before the body of a request that has no route is read.
    app.addHook('onRequest', async (request, reply) => {
      if (!request.is404) return
      await app.limits.unknownRoute(request, reply)
      throw new errors.notFound()
    })
    app.setNotFoundHandler((_request, reply) => answer(reply, envelopeOf(new errors.notFound())))
  },
  { name: 'error-handling', dependencies: ['rate-limits'] },
)

/** How a scope tells its callers; everything else is the same everywhere. */
export interface ErrorView {
  /** Of `WWW-Authenticate` (RFC 9110 §11.6.1). */
  challenge: string
  bodyOf(envelope: Envelope): object
}

const ENVELOPE: ErrorView = { challenge: 'Bearer', bodyOf: envelope => envelope }

export function createErrorHandler(events: Pick<Events, 'emit'>, view: ErrorView = ENVELOPE) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const envelope = envelopeOf(toTableError(error, mediaTypesOf(request)))
    if (envelope.code === 'RELAY_INTERNAL') {
      request.log.error({ error: describeError(error) }, 'unexpected error in a request')
    }
    if (envelope.statusCode < 500) reportRefusal(events, request, envelope.code)
    return answer(reply, envelope, view)
  }
}

/** Tells operators. The route is a method and a pattern, never an URL. */
export function reportRefusal(events: Pick<Events, 'emit'>, request: FastifyRequest, code: string): void {
  const { url } = request.routeOptions
  const route = request.is404 || url === undefined ? '(none)' : `${request.method} ${url}`
  events.emit('request.refused', { route, code, cause: request.credentialProblem })
}

/** As the route's schema names them; what it names none for takes JSON. */
function mediaTypesOf({ routeOptions }: FastifyRequest): string[] {
  const body = routeOptions.schema?.body as { content?: object } | undefined
  return body?.content === undefined ? ['application/json'] : Object.keys(body.content)
}

/** Node's own 417 has no body. What the request goes on to send is not read. */
function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const envelope = envelopeOf(new errors.expectationFailed())
  response.writeHead(envelope.statusCode, { 'content-type': 'application/json', connection: 'close' })
  response.end(JSON.stringify(envelope))
}

function answer(reply: FastifyReply, envelope: Envelope, view = ENVELOPE): FastifyReply {
  if (envelope.statusCode === 401) reply.header('www-authenticate', view.challenge)
  if (envelope.statusCode === 503) reply.header('retry-after', RETRY_AFTER_SECONDS)
  // The rest of a body that is too large would be read for nothing.
  if (envelope.statusCode === 413) reply.header('connection', 'close')
  return reply.code(envelope.statusCode).send(view.bodyOf(envelope))
}

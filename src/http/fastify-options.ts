import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import type {
  ConnectionError,
  FastifyBaseLogger,
  FastifyError,
  FastifyHttpOptions,
  FastifyReply,
  FastifyRequest,
} from 'fastify'
import { LogController } from 'fastify'
import type { Config } from '../config/config.ts'
import { envelopeOf, toTableError } from './envelope.ts'
import { errors } from './errors.ts'

export const BODY_LIMIT_BYTES = 4 * 1024 * 1024

// Erlang's httpc reuses an idle connection for 120 s and loses the POST when the server closes it just then
// (https://www.erlang.org/doc/apps/inets/httpc.html, keep_alive_timeout; erlang/otp#3189).
export const KEEP_ALIVE_TIMEOUT_MS = 130_000

/**
 * Without a byte in either direction, a connection that is not idle is cut: its peer reads no answer. Above the time that
 * a handler has; between requests Node goes by keepAliveTimeout instead.
 */
const CONNECTION_TIMEOUT_MS = 60_000

/** How long a request may take to arrive, and then to be answered. */
const REQUEST_TIMEOUT_MS = 30_000
export const HANDLER_TIMEOUT_MS = 45_000

/** Everything that Fastify must know before the first plugin: limits first. */
export function fastifyOptions(
  config: Pick<Config, 'trustProxy'>,
  logger: FastifyBaseLogger,
): FastifyHttpOptions<Server> {
  return {
    loggerInstance: logger,
    // The automatic lines print URLs; plugins/request-log.ts writes ours.
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: config.trustProxy,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    // Node looks for late requests every 30 s by default: too coarse for these limits.
    // Its own refusal of a request without Host has no body; plugins/error-handling.ts answers instead.
    http: { connectionsCheckingInterval: 5_000, headersTimeout: 15_000, requireHostHeader: false },
    forceCloseConnections: 'idle',
    // Fastify's own 503 while closing has no code and no Retry-After; plugins/stopping.ts answers instead.
    return503OnClosing: false,
    // A JID may have 3071 bytes, three characters each when percent-encoded.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 10_240 },
    schemaController: STRICT_BODIES,
    frameworkErrors: replyWithTableError,
    clientErrorHandler: refuseBrokenRequest,
  }
}

// Strict for bodies, coercing for the rest. Set here, because one that is set on an instance gives way to Ajv, which
// strips and coerces silently, as soon as its scope adds a schema. The declared type knows Ajv's factory only.
const STRICT_BODIES = {
  compilersFactory: { buildValidator: () => TypeBoxValidatorCompiler },
} as unknown as NonNullable<FastifyHttpOptions<Server>['schemaController']>

function replyWithTableError(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  const envelope = envelopeOf(toTableError(error))
  void reply.code(envelope.statusCode).send(envelope)
}

const CLIENT_ERRORS: Record<string, () => FastifyError> = {
  ERR_HTTP_REQUEST_TIMEOUT: () => new errors.requestTimeout(),
  HPE_HEADER_OVERFLOW: () => new errors.headersTooLarge(),
}

/** Answers what is not HTTP. Logs nothing: the error carries the raw bytes, credentials included. */
function refuseBrokenRequest(
  error: ConnectionError,
  socket: Socket & { _httpMessage?: ServerResponse },
): void {
  const hasBegunToAnswer = socket._httpMessage?.headersSent === true
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable || hasBegunToAnswer) {
    socket.destroy()
    return
  }
  const envelope = envelopeOf(CLIENT_ERRORS[error.code]?.() ?? new errors.badRequest())
  const body = JSON.stringify(envelope)
  socket.write(
    `HTTP/1.1 ${envelope.statusCode} ${envelope.error}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
  // Not end(): a caller that never closes its side would keep the socket for ever.
  socket.destroySoon()
}

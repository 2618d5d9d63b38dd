import {
  createSecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { systemClock } from '../domain/clock.ts'
import type { ServerIdentity } from './certificate.ts'
import { ERROR_CODES, type ErrorCode } from './fault.ts'
import { openListener } from './listener.ts'

/** Who is at the other end of a connection, as far as is known. */
export interface Peer {
  /** Bundle id of an accepted client certificate: then the authorization header is ignored. */
  certificateTopic?: string
  /** A client certificate that we did not sign. */
  hasBadCertificate: boolean
  /** Team of the first provider token: a connection belongs to one team. */
  teamId?: string
}

export interface Connection extends Peer {
  session: ServerHttp2Session
  /** Below TLS, so that it can be reset. */
  socket: Socket
  /** A right push has raised the stream limit. */
  isTrusted: boolean
  /** The highest stream that has begun, and the highest that was processed. */
  newestStream: number
  processedStream: number
  /** After a GOAWAY: later streams are not processed. */
  lastStream: number
}

export interface GoawayOptions {
  /** Default NO_ERROR. */
  code?: ErrorCode
  /** Sent as Apple does: debug data `{"reason":…}`. */
  reason?: string
  /** Default: all that have begun. Never below a stream that was processed, for then the frame would lie. */
  lastStreamId?: number
  /** First "no new streams, please" with the highest id, then, a round trip later, the real one (RFC 9113 §6.8). */
  double?: boolean
}

export interface ConnectionOptions {
  host: string
  port: number
  identity: ServerIdentity
  initialStreamLimit: number
  streamLimit: number
  onStream(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
    connection: Connection,
  ): void
  onOpen(): void
  onClose(): void
}

export interface Connections {
  readonly port: number
  /** A push was accepted: from now on the client may open many streams. */
  trust(connection: Connection): void
  goaway(connection: Connection, options: GoawayOptions): void
  goawayAll(options: GoawayOptions): void
  /** TCP reset. */
  drop(connection: Connection): void
  dropAll(): void
  setStreamLimit(limit: number): void
  /** Closes the listening socket: connecting fails with ECONNREFUSED, open connections stay. */
  refuse(): void
  /** Listens again, on the same port. */
  accept(): Promise<void>
  close(): Promise<void>
}

const LONGEST_ROUND_TRIP_MS = 500
const HIGHEST_STREAM = 2 ** 31 - 1
// What api.push.apple.com announced (jchambers/pushy issue 878).
const MAX_HEADER_LIST_SIZE = 8000

/**
 * The listening socket is a plain one in front of the HTTP/2 server: closing an HTTP/2 server also says GOAWAY to every
 * session, and TLS sockets cannot be reset, while plain ones can.
 */
export async function openConnections(options: ConnectionOptions): Promise<Connections> {
  const connections = new Map<ServerHttp2Session, Connection>()
  let streamLimit = options.streamLimit
  const http2 = createHttp2Server(options)
  const listener = await openListener(options.host, options.port, socket => http2.emit('connection', socket))

  function trust(connection: Connection): void {
    if (connection.isTrusted) return
    connection.isTrusted = true
    announce(connection, streamLimit)
  }

  http2.on('session', session => {
    session.on('error', ignore)
    const socket = listener.socketOf(session.socket)
    if (socket === undefined) {
      session.destroy()
      return
    }
    const connection = describe(session, socket)
    connections.set(session, connection)
    session.on('close', () => {
      connections.delete(session)
      options.onClose()
    })
    passStreams(connection, options)
    if (connection.certificateTopic !== undefined) trust(connection)
    options.onOpen()
  })

  return {
    port: listener.port,
    trust,
    goaway: sendGoaway,
    goawayAll(goaway) {
      for (const connection of connections.values()) sendGoaway(connection, goaway)
    },
    drop: connection => void connection.socket.resetAndDestroy(),
    dropAll: listener.resetAll,
    setStreamLimit(limit) {
      streamLimit = limit
      for (const connection of connections.values()) if (connection.isTrusted) announce(connection, limit)
    },
    refuse: listener.refuse,
    accept: listener.accept,
    close: listener.close,
  }
}

function passStreams(connection: Connection, options: ConnectionOptions): void {
  // The last argument is the flat list of names and values as they arrived (nodejs.org, http2, event 'stream').
  const pass = (
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    _flags: number,
    rawHeaders: string[],
  ) => {
    stream.on('error', ignore)
    connection.newestStream = Math.max(connection.newestStream, stream.id ?? 0)
    options.onStream(stream, headers, rawHeaders, connection)
  }
  connection.session.on('stream', pass)
}

function createHttp2Server(options: ConnectionOptions) {
  const { identity, initialStreamLimit } = options
  return createSecureServer({
    key: identity.privateKey,
    cert: identity.certificate,
    ca: identity.ca,
    // A client may show a certificate instead of sending provider tokens; a wrong one is answered, not hung up on.
    requestCert: true,
    rejectUnauthorized: false,
    settings: { maxConcurrentStreams: initialStreamLimit, maxHeaderListSize: MAX_HEADER_LIST_SIZE },
  })
}

function describe(session: ServerHttp2Session, socket: Socket): Connection {
  const tls = session.socket as TLSSocket
  const subject = tls.getPeerCertificate().subject as { UID?: string } | undefined
  const connection: Connection = {
    session,
    socket,
    isTrusted: false,
    newestStream: 0,
    processedStream: 0,
    lastStream: HIGHEST_STREAM,
    hasBadCertificate: subject !== undefined && (!tls.authorized || subject.UID === undefined),
  }
  if (tls.authorized && subject?.UID !== undefined) connection.certificateTopic = subject.UID
  return connection
}

function announce({ session }: Connection, limit: number): void {
  if (!session.destroyed) session.settings({ maxConcurrentStreams: limit })
}

function sendGoaway(connection: Connection, options: GoawayOptions): void {
  const { session } = connection
  if (session.destroyed) return
  if (!options.double) {
    sendLastGoaway(connection, options)
    return
  }
  session.goaway(ERROR_CODES.NO_ERROR, HIGHEST_STREAM, debugData(options))
  // Node's client with nothing under way is through with the connection at the first GOAWAY: it answers no PING, and
  // waits for us to close.
  const cancel = systemClock.after(LONGEST_ROUND_TRIP_MS, () => sendLastGoaway(connection, options))
  session.once('close', cancel)
  session.ping(error => {
    cancel()
    if (error === null) sendLastGoaway(connection, options)
  })
}

function sendLastGoaway(connection: Connection, options: GoawayOptions): void {
  const { session, newestStream, processedStream } = connection
  if (session.destroyed) return
  const lastStream = Math.max(options.lastStreamId ?? newestStream, processedStream)
  connection.lastStream = lastStream
  // Node reads 0 as "the newest stream", so "none was processed" cannot be said.
  session.goaway(ERROR_CODES[options.code ?? 'NO_ERROR'], lastStream, debugData(options))
  session.close()
}

function debugData({ reason }: GoawayOptions): Buffer | undefined {
  return reason === undefined ? undefined : Buffer.from(JSON.stringify({ reason }))
}

/** What a client breaks off is that client's business; the stream or session is gone either way. */
function ignore(): void {}

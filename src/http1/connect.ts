import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { errorCode } from './error-code.ts'
import type { Http1Clock } from './http1-client.ts'

export interface ConnectTarget {
  /** `https:` or `http:`. */
  origin: URL
  tls: {
    /** Authority of the server's certificate, PEM; undefined: Node's own list. */
    ca?: string | undefined
  }
  /** Asked for every connection, also when the origin names an address: an error refuses it. Undefined: Node's own. */
  lookup: LookupFunction | undefined
  clock: Http1Clock
  /** From the name to the end of the TLS handshake. */
  connectMs: number
}

export type Connected = { ok: true; socket: Socket } | { ok: false; reason: string }

/** Calls `done` once: with a connection that is ready to be written to, its server verified, or with why there is none. */
export function connect(target: ConnectTarget, done: (connected: Connected) => void): void {
  let isOver = false
  let socket: Socket | undefined
  const settle = (connected: Connected) => {
    if (isOver) return
    isOver = true
    cancelTimer()
    done(connected)
  }
  const fail = (reason: string) => {
    socket?.destroy()
    settle({ ok: false, reason })
  }
  const cancelTimer = target.clock.after(target.connectMs, () => fail('connect-timeout'))
  askForAddress(target, error => {
    if (isOver) return
    if (error) fail(errorCode(error))
    else socket = open(target, settle)
  })
}

/** Node asks `lookup` for names only; an address that stands in the origin is asked about here. */
function askForAddress({ origin, lookup }: ConnectTarget, done: (error: Error | null) => void): void {
  const host = hostOf(origin)
  if (lookup === undefined || isIP(host) === 0) done(null)
  else lookup(host, { all: true }, error => done(error))
}

function open(target: ConnectTarget, done: (connected: Connected) => void): Socket | undefined {
  const isTls = target.origin.protocol === 'https:'
  try {
    const socket = isTls ? connectTls(tlsOptions(target)) : connectTcp(tcpOptions(target))
    socket.setNoDelay(true)
    // For the whole life of the connection: whoever uses it hears of its errors as well.
    socket.on('error', error => done({ ok: false, reason: errorCode(error) }))
    socket.once('close', () => done({ ok: false, reason: 'closed' }))
    socket.once(isTls ? 'secureConnect' : 'connect', () => done({ ok: true, socket }))
    return socket
  } catch (error) {
    // An authority that OpenSSL does not take.
    done({ ok: false, reason: errorCode(error) })
    return undefined
  }
}

function tcpOptions({ origin, lookup }: ConnectTarget) {
  const port = Number(origin.port || (origin.protocol === 'https:' ? 443 : 80))
  return { host: hostOf(origin), port, ...(lookup && { lookup }) }
}

/** TLS 1.2 or newer, the server's certificate verified whatever the process's environment says. */
function tlsOptions(target: ConnectTarget) {
  const host = hostOf(target.origin)
  const { ca } = target.tls
  return {
    ...tcpOptions(target),
    // An address has no name to ask for (RFC 6066 §3).
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2' as const,
    rejectUnauthorized: true,
  }
}

function hostOf(origin: URL): string {
  return origin.hostname.replace(/^\[|\]$/g, '')
}

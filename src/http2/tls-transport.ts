import { lookup as dnsLookup, type LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { connect, type TLSSocket, type ConnectionOptions as TlsOptions } from 'node:tls'
import type { Transport } from './transport.ts'

export interface TlsCredentials {
  /** Authority of the server's certificate, PEM; undefined: Node's own list. */
  ca?: string | undefined
  /** Client certificate and its key, PEM. */
  cert?: string | undefined
  key?: string | undefined
}

export interface TlsTransportOptions {
  origin: URL
  tls: TlsCredentials
  /** Uniform in [0, 1). */
  random(): number
  /** TLS is up, and both sides speak HTTP/2. */
  onConnected(): void
  /** The octets are valid only during the call. */
  onReceived(chunk: Buffer): void
  /** Called once; `reason` is a code, never an address. */
  onClosed(reason: string): void
}

/** Received octets are written here again and again: what is kept of them is copied. */
const RECEIVE_BUFFER_SIZE = 64 * 1024

/**
 * TLS 1.2 or newer to an HTTP/2 server, its certificate verified, its name resolved anew (RFC 9113 §9.2, §3.2). A server
 * that does not choose `h2` by ALPN is no HTTP/2 server.
 */
export function connectTls(options: TlsTransportOptions): Transport {
  const { origin, tls, onConnected, onReceived, onClosed } = options
  const host = origin.hostname.replace(/^\[|\]$/g, '')
  let failure: string | undefined
  const socket: TLSSocket = connect({
    host,
    port: Number(origin.port || 443),
    // An address has no name to ask for (RFC 6066 §3).
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...defined(tls),
    ALPNProtocols: ['h2'],
    minVersion: 'TLSv1.2',
    lookup: spreadLookup(options.random),
    onread: {
      buffer: Buffer.allocUnsafeSlow(RECEIVE_BUFFER_SIZE),
      callback: (length: number, buffer: Uint8Array) => {
        onReceived(Buffer.from(buffer.buffer, buffer.byteOffset, length))
        return true
      },
    },
  } as TlsOptions)
  socket.setNoDelay(true)
  socket.once('secureConnect', () => {
    if (socket.alpnProtocol === 'h2') onConnected()
    else {
      failure = 'no-http2'
      socket.destroy()
    }
  })
  socket.on('error', error => {
    failure ??= errorCode(error)
  })
  socket.once('close', () => onClosed(failure ?? 'closed'))
  return {
    write: (bytes, done) => {
      socket.write(bytes, error => {
        if (!error) done()
      })
    },
    end: () => socket.end(),
    destroy: () => void socket.destroy(),
  }
}

/** All addresses of a name, beginning at any of the first one's family: several connections spread over them. */
function spreadLookup(random: () => number): LookupFunction {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) callback(error, [])
      else callback(null, rotateFirstFamily(addresses, random))
    })
  }
}

function rotateFirstFamily(addresses: LookupAddress[], random: () => number): LookupAddress[] {
  const preferred = addresses.filter(({ family }) => family === addresses[0]?.family)
  const others = addresses.filter(({ family }) => family !== addresses[0]?.family)
  const at = Math.floor(random() * preferred.length)
  return [...preferred.slice(at), ...preferred.slice(0, at), ...others]
}

function defined({ ca, cert, key }: TlsCredentials) {
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
}

/** Short name of an error for traces and logs: its code, never a message, which may hold an address. */
function errorCode(error: NodeJS.ErrnoException): string {
  return error.code ?? error.name
}

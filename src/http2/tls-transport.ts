import { constants } from 'node:crypto'
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
 * TLS 1.2 or newer to an HTTP/2 server, its certificate verified whatever the process's environment says, its name
 * resolved anew (RFC 9113 §3.2, §9.2). A server that does not choose `h2` by ALPN is no HTTP/2 server. Renegotiation is
 * refused (§9.2.1). Suites are left to OpenSSL: refusing those of §9.2.2 is optional, and the servers are known.
 */
export function connectTls(options: TlsTransportOptions): Transport {
  try {
    return wrap(connect(tlsOptions(options)), options)
  } catch (error) {
    // A key or certificate that OpenSSL does not take. Later, as every other failure.
    queueMicrotask(() => options.onClosed(errorCode(error)))
    return { write: () => {}, end: () => {}, destroy: () => {} }
  }
}

function tlsOptions({ origin, tls, random, onReceived }: TlsTransportOptions): TlsOptions {
  const host = origin.hostname.replace(/^\[|\]$/g, '')
  const options = {
    host,
    port: Number(origin.port || 443),
    // An address has no name to ask for (RFC 6066 §3).
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...defined(tls),
    ALPNProtocols: ['h2'],
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    rejectUnauthorized: true,
    lookup: spreadLookup(random),
    onread: {
      buffer: Buffer.allocUnsafeSlow(RECEIVE_BUFFER_SIZE),
      callback: (length: number, buffer: Uint8Array) => {
        onReceived(Buffer.from(buffer.buffer, buffer.byteOffset, length))
        return true
      },
    },
  }
  return options as TlsOptions
}

function wrap(socket: TLSSocket, { onConnected, onClosed }: TlsTransportOptions): Transport {
  let failure: string | undefined
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
      const all = error ? [] : rotateFirstFamily(addresses, random)
      const [first] = all
      // Only one is asked for when Node is told not to try one family after the other.
      if (options.all || !first) callback(error, all)
      else callback(null, first.address, first.family)
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
function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'error'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

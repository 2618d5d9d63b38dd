import type { TLSSocket } from 'node:tls'
import { createServer } from 'node:tls'
import { ERROR_CODES, type ErrorName } from '../../../src/http2/errors.ts'
import { FLAGS, FRAME_TYPES, type Frame, hasFlag } from '../../../src/http2/frames/frame.ts'
import { FrameReader } from '../../../src/http2/frames/frame-reader.ts'
import { createServerIdentity } from '../../../src/simulator/certificate.ts'

/**
 * A server made for millions of requests: it answers each whole request with 200 and an empty body. What else it does is
 * up to the test, which sees every request first. Request bodies hold what identifies them.
 */
export interface StormServer {
  origin: string
  ca: string
  /** Connections that were accepted. */
  connections(): number
  /** Open now. */
  open(): number
  close(): Promise<void>
}

export interface Peer {
  /** Requests that came on this connection. */
  requests: number
  answer(streamId: number): void
  reset(streamId: number, code: ErrorName): void
  /** Hangs up afterwards. Later streams are ignored. */
  goaway(lastStreamId: number, code: ErrorName): void
  setStreamLimit(limit: number): void
  /** Hangs up without a word. */
  drop(): void
}

export type OnRequest = (peer: Peer, streamId: number, body: string) => void

const PREFACE_LENGTH = 24
/** `:status: 200` of the static table. */
const STATUS_200 = Buffer.from([0x88])

export async function startStormServer(streamLimit: number, onRequest: OnRequest): Promise<StormServer> {
  const identity = await createServerIdentity()
  const sockets = new Set<TLSSocket>()
  let connections = 0
  const server = createServer(
    { key: identity.privateKey, cert: identity.certificate, ALPNProtocols: ['h2'], noDelay: true },
    socket => {
      connections++
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
      serve(socket, streamLimit, onRequest)
    },
  )
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    origin: `https://127.0.0.1:${address.port}`,
    ca: identity.ca,
    connections: () => connections,
    open: () => sockets.size,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function serve(socket: TLSSocket, streamLimit: number, onRequest: OnRequest): void {
  const peer = new StormPeer(socket, onRequest)
  peer.setStreamLimit(streamLimit)
  let skipped = 0
  socket.on('data', chunk => {
    const skip = Math.min(PREFACE_LENGTH - skipped, chunk.length)
    skipped += skip
    peer.read(chunk.subarray(skip))
  })
}

class StormPeer implements Peer {
  requests = 0
  readonly #socket: TLSSocket
  readonly #onRequest: OnRequest
  readonly #reader = new FrameReader(frame => this.#handle(frame))
  readonly #bodies = new Map<number, string>()
  #lastStream = 2 ** 31 - 1
  #output: Buffer[] = []
  /** Octets of bodies for which the client gets credit with the next write. */
  #credit = 0

  constructor(socket: TLSSocket, onRequest: OnRequest) {
    this.#socket = socket
    this.#onRequest = onRequest
  }

  read(chunk: Buffer): void {
    this.#reader.read(chunk)
  }

  answer(streamId: number): void {
    this.#send(FRAME_TYPES.HEADERS, FLAGS.END_HEADERS | FLAGS.END_STREAM, streamId, STATUS_200)
  }

  reset(streamId: number, code: ErrorName): void {
    this.#send(FRAME_TYPES.RST_STREAM, 0, streamId, uint32(ERROR_CODES[code]))
  }

  goaway(lastStreamId: number, code: ErrorName): void {
    this.#lastStream = lastStreamId
    this.#send(FRAME_TYPES.GOAWAY, 0, 0, Buffer.concat([uint32(lastStreamId), uint32(ERROR_CODES[code])]))
    this.#flush()
    this.#socket.end()
  }

  setStreamLimit(limit: number): void {
    this.#send(FRAME_TYPES.SETTINGS, 0, 0, Buffer.concat([Buffer.from([0, 3]), uint32(limit)]))
  }

  drop(): void {
    this.#socket.destroy()
  }

  #handle(frame: Frame): void {
    const { type, streamId } = frame
    const isAck = hasFlag(frame, FLAGS.ACK)
    if (type === FRAME_TYPES.DATA) this.#data(frame)
    else if (type === FRAME_TYPES.RST_STREAM) this.#bodies.delete(streamId)
    else if (type === FRAME_TYPES.SETTINGS && !isAck) this.#send(type, FLAGS.ACK, 0, Buffer.alloc(0))
    else if (type === FRAME_TYPES.PING && !isAck)
      this.#send(type, FLAGS.ACK, 0, Buffer.from(frame.bytes.subarray(frame.start, frame.end)))
  }

  #data(frame: Frame): void {
    const { streamId, bytes, start, end } = frame
    this.#credit += end - start
    const body = (this.#bodies.get(streamId) ?? '') + bytes.toString('latin1', start, end)
    this.#bodies.set(streamId, body)
    if (!hasFlag(frame, FLAGS.END_STREAM)) return
    this.#bodies.delete(streamId)
    if (streamId > this.#lastStream) return
    this.requests++
    this.#onRequest(this, streamId, body)
  }

  #send(type: number, flags: number, streamId: number, payload: Buffer): void {
    if (this.#output.length === 0) setImmediate(() => this.#flush())
    this.#output.push(frameOf(type, flags, streamId, payload))
  }

  #flush(): void {
    if (this.#credit > 0) this.#output.push(frameOf(FRAME_TYPES.WINDOW_UPDATE, 0, 0, uint32(this.#credit)))
    this.#credit = 0
    if (this.#socket.writable) this.#socket.write(Buffer.concat(this.#output))
    this.#output = []
  }
}

function frameOf(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(streamId, 5)
  return Buffer.concat([head, payload])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Bytes on the way in one direction; beyond them the sender has to wait. */
const MOST_BYTES = 8 * 1024 * 1024

/** Passes TCP on to `port` so that a round trip takes `roundTripMs` longer; resolves with its own port. */
export async function startDelayingProxy(
  port: number,
  roundTripMs: number,
): Promise<{ port: number; close(): void }> {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, near => {
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    new Direction(near, far, roundTripMs / 2)
    new Direction(far, near, roundTripMs / 2)
    for (const socket of [near, far]) {
      open.add(socket)
      socket.on('close', () => open.delete(socket))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}

interface Piece {
  dueAt: number
  /** The end of the stream has none. */
  bytes: Buffer | undefined
}

/** Pieces leave in the order in which they came, each `delayMs` later, however many are on the way. */
class Direction {
  readonly #from: Socket
  readonly #to: Socket
  readonly #delayMs: number
  readonly #pieces: Piece[] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor(from: Socket, to: Socket, delayMs: number) {
    this.#from = from
    this.#to = to
    this.#delayMs = delayMs
    from.on('data', bytes => this.#add(bytes))
    from.on('end', () => this.#add(undefined))
    to.on('drain', () => this.#flush())
    to.on('close', () => clearTimeout(this.#timer))
    // 'close' follows. Whoever breaks off, breaks off for both.
    from.on('error', () => {})
    from.on('close', hadError => {
      if (hadError || !from.readableEnded) to.resetAndDestroy()
    })
  }

  #add(bytes: Buffer | undefined): void {
    this.#pieces.push({ dueAt: performance.now() + this.#delayMs, bytes })
    this.#bytes += bytes?.length ?? 0
    if (this.#bytes > MOST_BYTES) this.#from.pause()
    if (this.#timer === undefined) this.#flush()
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const now = performance.now()
    let [next] = this.#pieces
    for (; next !== undefined && next.dueAt <= now && !this.#to.writableNeedDrain; [next] = this.#pieces) {
      this.#pieces.shift()
      this.#pass(next.bytes)
    }
    if (this.#bytes <= MOST_BYTES) this.#from.resume()
    // Without a timer it goes on with 'drain'.
    if (next === undefined || this.#to.writableNeedDrain) return
    this.#timer = setTimeout(() => this.#flush(), Math.ceil(next.dueAt - now))
  }

  #pass(bytes: Buffer | undefined): void {
    this.#bytes -= bytes?.length ?? 0
    if (bytes === undefined) this.#to.end()
    else this.#to.write(bytes)
  }
}

import { Agent, type ClientRequestArgs } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ConnectTarget, connect } from './connect.ts'
import { errorCode } from './error-code.ts'

export interface KeptConnectionsOptions extends ConnectTarget {
  connections: number
  /** Longest life of a connection that nobody uses. */
  idleMs: number
  /** From then on it takes no new request. */
  lifeMs: number
  onConnection(state: 'connected' | 'closed' | 'failed', reason: string | undefined): void
}

/** A second for the way: the server's last word may be as old as that. */
const HINT_MARGIN_MS = 1000

/** Node's pool of connections, given only such as are ready: what has none has provably sent nothing. */
export class KeptConnections extends Agent {
  readonly #options: KeptConnectionsOptions
  readonly #open = new Set<Socket>()
  readonly #idle = new Map<Socket, () => void>()
  /** What the server said of how long it keeps an unused connection. */
  readonly #hints = new WeakMap<Socket, number>()
  /** Old enough: the next time that nobody uses them is the last. */
  readonly #old = new WeakSet<Socket>()
  #hasFailed = false

  constructor(options: KeptConnectionsOptions) {
    super({ keepAlive: true, maxSockets: options.connections, maxFreeSockets: options.connections })
    this.#options = options
    // After Node's own listener, which has decided by now whether it is kept.
    this.on('free', (socket: Socket) => this.#freed(socket))
  }

  state(): 'idle' | 'ready' | 'down' {
    if (this.#open.size > 0) return 'ready'
    return this.#hasFailed ? 'down' : 'idle'
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    connect(this.#options, connected => {
      this.#hasFailed = !connected.ok
      if (connected.ok) this.#opened(connected.socket)
      else this.#options.onConnection('failed', connected.reason)
      if (connected.ok) callback?.(null, connected.socket)
      // Node looks at the error first, and then at nothing else.
      else callback?.(new ConnectError(connected.reason), undefined as unknown as Duplex)
    })
  }

  /** A request is about to be written to it. */
  taken(socket: Socket): void {
    this.#idle.get(socket)?.()
    this.#idle.delete(socket)
  }

  /** `keepAlive`: the field `keep-alive` of a response on it (RFC 2068 §19.7.1.1), a hint of its server. */
  hinted(socket: Socket, keepAlive: string | undefined): void {
    const seconds = /\btimeout=(\d{1,6})/.exec(keepAlive ?? '')?.[1]
    if (seconds !== undefined) this.#hints.set(socket, Number(seconds) * 1000 - HINT_MARGIN_MS)
  }

  /** Cuts every connection; resolves when they are gone. */
  async cut(): Promise<void> {
    const gone = Array.from(this.#open, socket => new Promise(resolve => socket.once('close', resolve)))
    for (const socket of this.#open) socket.destroy()
    await Promise.all(gone)
  }

  #opened(socket: Socket): void {
    const { clock, lifeMs, onConnection } = this.#options
    let failure: string | undefined
    this.#open.add(socket)
    const cancel = clock.after(lifeMs, () => {
      this.#old.add(socket)
      if (this.#idle.has(socket)) retire(socket)
    })
    socket.on('error', error => {
      failure ??= errorCode(error)
    })
    socket.once('close', () => {
      cancel()
      this.#open.delete(socket)
      this.taken(socket)
      onConnection('closed', failure ?? 'closed')
    })
    onConnection('connected', undefined)
  }

  #freed(socket: Socket): void {
    if (socket.destroyed) return
    const { clock, idleMs } = this.#options
    const leastMs = Math.min(idleMs, this.#hints.get(socket) ?? idleMs)
    if (this.#old.has(socket)) retire(socket)
    else
      this.#idle.set(
        socket,
        clock.after(leastMs, () => retire(socket)),
      )
  }
}

/** Out of Node's pool at once, so that no request gets it in this turn. */
function retire(socket: Socket): void {
  socket.destroy()
  socket.emit('agentRemove')
}

class ConnectError extends Error {
  override readonly name = 'ConnectError'
  readonly code: string

  constructor(code: string) {
    super('no connection')
    this.code = code
  }
}

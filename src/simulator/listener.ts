import { type AddressInfo, createServer, type Socket } from 'node:net'

/** A listening socket that can be closed and opened again while its connections live on. */
export interface Listener {
  readonly port: number
  /** The plain socket below a TLS connection. */
  socketOf(peer: PeerAddress): Socket | undefined
  refuse(): void
  accept(): Promise<void>
  resetAll(): void
  /** Closes the connections too. */
  close(): Promise<void>
}

interface PeerAddress {
  remoteAddress?: string | undefined
  remotePort?: number | undefined
}

/** Hands each new connection to `onSocket` with its error handled. */
export async function openListener(
  host: string,
  wantedPort: number,
  onSocket: (socket: Socket) => void,
): Promise<Listener> {
  const sockets = new Map<string, Socket>()
  const server = createServer({ noDelay: true }, socket => {
    const key = addressKey(socket)
    sockets.set(key, socket)
    // The connection's end is all that matters here; whoever uses it hears of the error as well.
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(key))
    onSocket(socket)
  })

  function listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, () => {
        server.off('error', reject)
        resolve()
      })
    })
  }

  await listen(wantedPort)
  const { port } = server.address() as AddressInfo
  return {
    port,
    socketOf: peer => sockets.get(addressKey(peer)),
    refuse: () => void server.close(),
    accept: async () => {
      if (!server.listening) await listen(port)
    },
    resetAll() {
      for (const socket of sockets.values()) socket.resetAndDestroy()
    },
    async close() {
      server.close()
      await Promise.all(Array.from(sockets.values(), destroySocket))
    },
  }
}

function destroySocket(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve()).destroy()
  })
}

function addressKey({ remoteAddress, remotePort }: PeerAddress): string {
  return `${remoteAddress} ${remotePort}`
}

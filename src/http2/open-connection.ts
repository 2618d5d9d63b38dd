import { Connection } from './connection.ts'
import type { ConnectionEvents, ConnectionLimits } from './connection-options.ts'
import type { EngineClock } from './http2-client.ts'
import { connectTls, type TlsCredentials } from './tls-transport.ts'

export interface OpenConnectionOptions {
  origin: URL
  tls: TlsCredentials
  clock: EngineClock
  limits: ConnectionLimits & {
    /** From the first step to the peer's settings. */
    connectMs: number
  }
  events: ConnectionEvents
}

/** Begins to connect, and answers at once; `events` tell how it goes on. */
export function openConnection(options: OpenConnectionOptions): Connection {
  const { origin, tls, clock, limits, events } = options
  const transport = connectTls({
    origin,
    tls,
    random: clock.random,
    onConnected: () => connection.start(),
    onReceived: chunk => connection.receive(chunk),
    onClosed: reason => connection.transportClosed(reason),
  })
  const cancelTimer = clock.after(limits.connectMs, () => connection.abort('connect-timeout'))
  const connection = new Connection({
    authority: origin.host,
    transport,
    clock,
    limits,
    events: {
      ...events,
      onReady() {
        cancelTimer()
        events.onReady()
      },
      onClosed(reason) {
        cancelTimer()
        events.onClosed(reason)
      },
    },
  })
  return connection
}

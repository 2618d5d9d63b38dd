import { Backoff } from './backoff.ts'
import type { Connection } from './connection.ts'
import type { ConnectionEvents, ConnectionLimits } from './connection-options.ts'
import type { ClientState, EngineClock, Http2Client, Http2Request, RequestResult } from './http2-client.ts'
import { openConnection } from './open-connection.ts'
import { type Member, PoolSize } from './pool-size.ts'
import { RequestQueue } from './request-queue.ts'
import { assertSendable } from './request-rules.ts'
import { unreachable } from './results.ts'
import type { TlsCredentials } from './tls-transport.ts'

export interface ClientLimits extends ConnectionLimits {
  /** Connections at once, those not counted that only finish what is under way. */
  connections: number
  /** From the first step to the peer's settings. */
  connectMs: number
  /** Longest wait for a free stream; beyond it the peer takes nothing, though a connection stands. */
  queueMs: number
}

export interface Http2ClientOptions {
  /** `https://host[:port]` */
  origin: string
  tls: TlsCredentials
  clock: EngineClock
  limits?: Partial<ClientLimits>
  /** Called once per connection made, lost or refused; `reason` is a code, never an address. */
  onConnection(state: 'connected' | 'closed' | 'failed', reason: string | undefined): void
  /** `capacity()` has grown. */
  onCapacity?(): void
}

const SECOND = 1000

/**
 * Made for push services: they answer within a second with little, want connections to be kept for hours, and take a PING
 * a minute (Apple, "Establishing a connection to APNs"; node-apn sends as many).
 */
export const CLIENT_LIMITS: ClientLimits = {
  connections: 4,
  streams: 1000,
  connectMs: 5 * SECOND,
  settingsMs: 10 * SECOND,
  requestMs: 10 * SECOND,
  queueMs: 6 * SECOND,
  pingMs: 60 * SECOND,
  pingTimeoutMs: 10 * SECOND,
  idleMs: 3600 * SECOND,
  closeMs: SECOND,
  responseBytes: 64 * 1024,
  lastStreamId: 2 ** 31 - 1,
}

/** Requests that may wait here, so that a stream that becomes free is used at once: as many as there are streams, within this. */
const QUEUE = { least: 8, most: 100 }
/** What a client takes before it has a connection. */
export const FIRST_CAPACITY = QUEUE.least
/** A connection that lived so long did not fail. */
const OLD_MS = 5 * SECOND

export function createHttp2Client(options: Http2ClientOptions): Http2Client {
  return new Pool(options)
}

/** Connections to one origin with one credential. */
class Pool implements Http2Client {
  readonly #options: Http2ClientOptions
  readonly #limits: ClientLimits
  readonly #queue: RequestQueue
  readonly #backoff: Backoff
  readonly #size: PoolSize
  /** Connecting, or taking new requests. */
  readonly #members = new Set<Member>()
  /** Only finishing what is under way. */
  readonly #leaving = new Set<Member>()
  /** Why the last attempt to connect failed; undefined when it did not. */
  #connectFailure: string | undefined
  #toldCapacity = 0
  #cancelRetry: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(options: Http2ClientOptions) {
    this.#options = options
    this.#limits = { ...CLIENT_LIMITS, ...options.limits }
    this.#backoff = new Backoff(options.clock)
    this.#queue = new RequestQueue(options.clock, this.#limits.queueMs, isStuck => this.#onOverdue(isStuck))
    this.#size = new PoolSize({
      clock: options.clock,
      most: this.#limits.connections,
      members: this.#members,
      takeLongestWaitMs: () => this.#queue.takeLongestMs(),
      mayConnect: () => this.#backoff.leftMs() === 0,
      connect: () => this.#connect(),
    })
  }

  request(request: Http2Request): Promise<RequestResult> {
    return new Promise(resolve => {
      assertSendable(request)
      const connection = this.#queue.length === 0 ? this.#freest() : undefined
      if (this.#closing !== undefined) resolve(unreachable('closing'))
      else if (connection) connection.request(request, resolve)
      else {
        this.#queue.add(request, resolve)
        this.#pump()
      }
    })
  }

  capacity(): number {
    let streams = 0
    let leaving = 0
    for (const { connection, isReady } of this.#members) if (isReady) streams += connection.streamLimit()
    for (const { connection } of this.#leaving) leaving += connection.openStreams()
    return streams + leaving + Math.min(Math.max(streams, QUEUE.least), QUEUE.most)
  }

  state(): ClientState {
    for (const { isReady } of this.#members) if (isReady) return 'ready'
    return this.#connectFailure === undefined ? 'idle' : 'down'
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#cancelRetry?.()
    this.#size.stop()
    this.#queue.stop()
    this.#queue.failAll('closing')
    for (const { connection, isReady } of [...this.#members]) {
      if (isReady) connection.retire()
      else connection.abort('closing')
    }
    await Promise.all([...this.#leaving].map(({ closed }) => closed))
  }

  /** Sends what waits, as far as streams are free; else sees to more of them. */
  #pump(): void {
    while (this.#queue.length > 0) {
      const connection = this.#freest()
      if (!connection) {
        if (this.#members.size === 0) this.#connectWhenDue()
        else this.#size.pressed()
        return
      }
      const next = this.#queue.take()
      if (next) connection.request(next.request, next.resolve)
    }
  }

  /** The connection with most free streams, so that they are loaded evenly. */
  #freest(): Connection | undefined {
    let freest: Connection | undefined
    let most = 0
    for (const { connection } of this.#members) {
      const free = connection.freeStreams()
      if (free <= most || connection.isShut()) continue
      most = free
      freest = connection
    }
    return freest
  }

  #connectWhenDue(): void {
    const leftMs = this.#backoff.leftMs()
    if (leftMs === 0) this.#connect()
    else {
      this.#cancelRetry ??= this.#options.clock.after(leftMs, () => {
        this.#cancelRetry = undefined
        this.#pump()
      })
    }
  }

  #connect(): void {
    const { origin, tls, clock } = this.#options
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    const events = this.#eventsOf(() => member, resolve)
    const connection = openConnection({ origin: new URL(origin), tls, clock, limits: this.#limits, events })
    const member: Member = { connection, openedAt: clock.monotonic(), isReady: false, closed }
    this.#members.add(member)
    this.#size.grown()
  }

  #eventsOf(member: () => Member, resolveClosed: () => void): ConnectionEvents {
    return {
      onReady: () => this.#onReady(member()),
      onSettings: () => {
        this.#size.limitChanged()
        this.#pump()
        this.#tellCapacity()
      },
      onFreeStream: () => {
        if (this.#queue.length > 0) this.#pump()
      },
      onRetired: () => this.#onRetired(member()),
      onClosed: reason => {
        this.#onClosed(member(), reason)
        resolveClosed()
      },
    }
  }

  #onReady(member: Member): void {
    member.isReady = true
    this.#connectFailure = undefined
    this.#options.onConnection('connected', undefined)
  }

  #onRetired(member: Member): void {
    this.#members.delete(member)
    this.#leaving.add(member)
    if (!member.isReady) return
    const { connection, openedAt } = member
    const isOld = this.#options.clock.monotonic() - openedAt >= OLD_MS
    this.#backoff.ended(connection.record.worth(isOld, connection.openStreams()), openedAt)
    this.#pump()
  }

  #onClosed(member: Member, reason: string): void {
    this.#leaving.delete(member)
    this.#toldCapacity = Math.min(this.#toldCapacity, this.capacity())
    this.#options.onConnection(member.isReady ? 'closed' : 'failed', reason)
    if (member.isReady) return
    this.#connectFailure = reason
    this.#backoff.ended('failed', member.openedAt)
    if (this.#members.size === 0) this.#queue.failAll(reason)
  }

  /** When not one request got a stream for so long, the peer is not working, whatever it does: new connections may fare better. */
  #onOverdue(isStuck: boolean): void {
    const reason = this.#connectFailure ?? 'no-stream'
    if (!isStuck) {
      this.#queue.failOverdue(reason)
      return
    }
    for (const { connection, isReady } of [...this.#members]) if (isReady) connection.retire()
    this.#queue.failAll(reason)
  }

  /** In a task of its own: whoever listens sends requests, and we are in the middle of reading answers. */
  #tellCapacity(): void {
    const capacity = this.capacity()
    const hasGrown = capacity > this.#toldCapacity
    this.#toldCapacity = capacity
    if (hasGrown && this.#options.onCapacity) queueMicrotask(this.#options.onCapacity)
  }
}

import { Backoff } from './backoff.ts'
import type { Connection } from './connection.ts'
import type { ConnectionEvents, ConnectionLimits } from './connection-options.ts'
import type { ClientState, EngineClock, Http2Client, Http2Request, RequestResult } from './http2-client.ts'
import { openConnection } from './open-connection.ts'
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
  connectMs: 10 * SECOND,
  settingsMs: 10 * SECOND,
  requestMs: 15 * SECOND,
  queueMs: 20 * SECOND,
  pingMs: 60 * SECOND,
  pingTimeoutMs: 10 * SECOND,
  idleMs: 3600 * SECOND,
  closeMs: SECOND,
  responseBytes: 64 * 1024,
  lastStreamId: 2 ** 31 - 1,
}

/** Requests that may wait here, so that a stream that becomes free is used at once. */
const QUEUE_CAPACITY = 100
/** So long must requests have waited for streams before another connection is opened for them. */
const PRESSURE_MS = 100
/** How often it is seen whether fewer connections would do. */
const SHRINK_MS = 60 * SECOND
/** A connection that lived so long did not fail. */
const OLD_MS = 5 * SECOND

export function createHttp2Client(options: Http2ClientOptions): Http2Client {
  return new Pool(options)
}

interface Member {
  connection: Connection
  openedAt: number
  isReady: boolean
  closed: Promise<void>
}

/** Connections to one origin with one credential. */
class Pool implements Http2Client {
  readonly #options: Http2ClientOptions
  readonly #limits: ClientLimits
  readonly #queue: RequestQueue
  readonly #backoff: Backoff
  /** Connecting, or taking new requests. */
  readonly #members = new Set<Member>()
  /** Only finishing what is under way. */
  readonly #leaving = new Set<Member>()
  /** Why the last attempt to connect failed; undefined when it did not. */
  #connectFailure: string | undefined
  /** Set while it is watched whether requests wait for long; since then, the queue has been empty. */
  #cancelPressure: (() => void) | undefined
  #hasDrained = false
  #toldCapacity = 0
  #cancelRetry: (() => void) | undefined
  #cancelShrink: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(options: Http2ClientOptions) {
    this.#options = options
    this.#limits = { ...CLIENT_LIMITS, ...options.limits }
    this.#backoff = new Backoff(options.clock)
    this.#queue = new RequestQueue(options.clock, this.#limits.queueMs, () => this.#giveUpWaiting())
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
    let capacity = QUEUE_CAPACITY
    for (const { connection, isReady } of this.#members) if (isReady) capacity += connection.streamLimit()
    for (const { connection } of this.#leaving) capacity += connection.openStreams()
    return capacity
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
    this.#cancelShrink?.()
    this.#cancelPressure?.()
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
        this.#grow()
        return
      }
      const next = this.#queue.take()
      if (next) connection.request(next.request, next.resolve)
    }
    this.#hasDrained = true
  }

  /** The connection with most free streams, so that they are loaded evenly. */
  #freest(): Connection | undefined {
    let freest: Connection | undefined
    let most = 0
    for (const { connection } of this.#members) {
      const free = connection.freeStreams()
      if (free <= most) continue
      most = free
      freest = connection
    }
    return freest
  }

  #grow(): void {
    if (this.#members.size === 0) this.#connectWhenDue()
    else if (this.#cancelPressure === undefined) {
      this.#hasDrained = false
      this.#cancelPressure = this.#options.clock.after(PRESSURE_MS, () => this.#relievePressure())
    }
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

  #relievePressure(): void {
    this.#cancelPressure = undefined
    if (this.#hasDrained || this.#closing !== undefined) return
    if (this.#mayGrow()) this.#connect()
    else this.#pump()
  }

  /** One at a time, and not beside one that may yet allow more: APNs begins with a single stream. */
  #mayGrow(): boolean {
    if (this.#members.size >= this.#limits.connections || this.#backoff.leftMs() > 0) return false
    for (const { connection } of this.#members) if (connection.record.answers === 0) return false
    return true
  }

  #connect(): void {
    const { origin, tls, clock } = this.#options
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    const events = this.#eventsOf(() => member, resolve)
    const connection = openConnection({ origin: new URL(origin), tls, clock, limits: this.#limits, events })
    const member: Member = { connection, openedAt: clock.monotonic(), isReady: false, closed }
    this.#members.add(member)
    this.#watchSize()
  }

  #eventsOf(member: () => Member, resolveClosed: () => void): ConnectionEvents {
    return {
      onReady: () => this.#onReady(member()),
      onSettings: () => {
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
    this.#judge(member)
    this.#pump()
  }

  #onClosed(member: Member, reason: string): void {
    this.#leaving.delete(member)
    this.#options.onConnection(member.isReady ? 'closed' : 'failed', reason)
    if (member.isReady) return
    this.#connectFailure = reason
    this.#backoff.failed()
    if (this.#members.size === 0) this.#queue.failAll(reason)
  }

  /** Whether the next connection may follow at once. */
  #judge({ connection, openedAt }: Member): void {
    const isOld = this.#options.clock.monotonic() - openedAt >= OLD_MS
    if (connection.record.wasUseful(isOld, connection.openStreams())) this.#backoff.succeeded()
    else this.#backoff.failed()
  }

  /** No request got a stream for so long: whatever the peer does, it is not working. New connections may fare better. */
  #giveUpWaiting(): void {
    for (const { connection, isReady } of [...this.#members]) if (isReady) connection.retire()
    this.#queue.failAll(this.#connectFailure ?? 'no-stream')
  }

  /** Gives one up when the others would have borne the load of the last period with half of their streams. */
  #shrink(): void {
    this.#cancelShrink = undefined
    let underWay = 0
    let streams = 0
    let emptiest: Connection | undefined
    for (const { connection, isReady } of this.#members) {
      if (!isReady) continue
      underWay += connection.takeMostOpen()
      streams += connection.streamLimit()
      if (!emptiest || connection.openStreams() < emptiest.openStreams()) emptiest = connection
    }
    if (emptiest && this.#members.size > 1 && underWay * 2 <= streams - emptiest.streamLimit())
      emptiest.retire()
    this.#watchSize()
  }

  #watchSize(): void {
    if (this.#members.size < 2) return
    this.#cancelShrink ??= this.#options.clock.after(SHRINK_MS, () => this.#shrink())
  }

  /** In a task of its own: whoever listens sends requests, and we are in the middle of reading answers. */
  #tellCapacity(): void {
    const capacity = this.capacity()
    const hasGrown = capacity > this.#toldCapacity
    this.#toldCapacity = capacity
    if (hasGrown && this.#options.onCapacity) queueMicrotask(this.#options.onCapacity)
  }
}

import type { Clock } from '../../domain/clock.ts'
import type { Revisions } from '../shared/revisions.ts'
import type { Connection } from './connection.ts'
import { describe, judge } from './failure.ts'
import type { Incarnations } from './incarnations.ts'
import type { PostgresStoreEvents } from './postgres-events.ts'

export const HEARTBEAT_MS = 3_000
/** A node that was not heard of for so long, by the clock of the database, is dead to the others. */
export const DEAD_AFTER_MS = 15_000
const RECONNECT_MS = 1_000
/** Of two clocks that somebody keeps right. */
const TOLERATED_OFFSET_MS = 500

const BEAT = {
  name: 'beat',
  text: `
  UPDATE node SET heartbeat_at = clock_timestamp() WHERE id = $1 AND voided_at IS NULL
  RETURNING (extract(epoch FROM clock_timestamp()) * 1000)::bigint`,
}

export interface PresenceOptions {
  open(): Promise<Connection>
  incarnations: Incarnations
  revisions: Revisions
  clock: Clock
  events: PostgresStoreEvents
  channel: string
  /** Of this process; its own changes are known already. */
  origin: string
  heartbeatMs: number
  deadAfterMs: number
  /**
   * After each heartbeat, unless what followed an earlier one is not over: no heartbeat waits for it. `heardForMs`: without
   * interruption.
   */
  onBeat(connection: Connection, heardForMs: number): Promise<void>
  onLost(error: unknown): void
}

/**
 * Keeps this node alive in the eyes of the others, and hears what they change. Both on one connection, so that a heartbeat that
 * is answered shows that changes are heard as well.
 */
export class Presence {
  readonly #options: PresenceOptions
  #connection: Connection | undefined
  /** Monotonic; of the last heartbeat that was answered, when it was sent. */
  #beatAt = Number.NEGATIVE_INFINITY
  /** Since when there was no interruption. */
  #heardSince: number | undefined
  #isStopped = false
  #cancel: () => void = () => {}
  #turn: Promise<void> = Promise.resolve()
  /** What follows a heartbeat, while it is under way. */
  #chores: Promise<void> | undefined
  #clockOffsetMs = 0

  constructor(options: PresenceOptions) {
    this.#options = options
  }

  /** What is to be added to our wall time to have the database's. */
  get clockOffsetMs(): number {
    return this.#clockOffsetMs
  }

  /** True while changes of other nodes are heard, and no other node can have taken us for dead. */
  isHeard(): boolean {
    return this.#heardSince !== undefined && !this.#isSilent()
  }

  /** Rejects when there is no connection; then it is not started. May be called again, when something else failed after it. */
  async start(): Promise<void> {
    await this.#turn
    this.#cancel()
    await this.#beat()
    this.#beatLater(this.#nextMs())
  }

  /** Resolves when the heartbeat under way is over, and what follows it. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel()
    await this.#turn
    this.#heardSince = undefined
    await this.#connection?.close()
    await this.#chores
  }

  /** Long before the others take us for dead, nothing can be relied on any more: neither what we hold nor what we hear. */
  #isSilent(): boolean {
    const { clock, deadAfterMs } = this.#options
    return clock.monotonic() - this.#beatAt > deadAfterMs / 2
  }

  // Spread, so that nodes that were started together do not ask together.
  #nextMs(): number {
    const { heartbeatMs, clock } = this.#options
    return heartbeatMs * (0.8 + 0.4 * clock.random())
  }

  #beatLater(delayMs: number): void {
    if (this.#isStopped) return
    this.#cancel = this.#options.clock.after(delayMs, () => {
      this.#turn = this.#beat().then(
        () => {
          this.#followUp()
          this.#beatLater(this.#nextMs())
        },
        error => {
          this.#lose(error)
          this.#beatLater(RECONNECT_MS)
        },
      )
    })
  }

  async #beat(): Promise<void> {
    const connection = await this.#connect()
    const { incarnations, clock } = this.#options
    const { current } = incarnations
    const sentAt = clock.monotonic()
    const { rows } = await connection.query(BEAT, [current])
    if (rows[0] === undefined) await incarnations.renew(connection, current)
    // A pause, such as of a process that was stopped: what happened in it is unknown, also to those who wait for us.
    if (this.#isSilent()) this.#heardSince = sentAt
    this.#beatAt = sentAt
    this.#setClock(Number(rows[0]?.[0] ?? Number.NaN), sentAt)
  }

  /** What this node does for others may take long, or fail, and is tried again after the next beat. */
  #followUp(): void {
    const connection = this.#connection
    if (connection === undefined) return
    const heardForMs = this.#beatAt - (this.#heardSince ?? this.#beatAt)
    this.#chores ??= this.#options
      .onBeat(connection, heardForMs)
      .catch(error => this.#tell(error))
      .finally(() => {
        this.#chores = undefined
      })
  }

  /** Of what will not pass by itself. */
  #tell(error: unknown): void {
    const { next } = judge(error)
    if (next === 'lost' || next === 'again' || this.#isStopped) return
    this.#options.events.emit('loop.failed', { loop: 'presence', error })
  }

  #setClock(databaseNow: number, sentAt: number): void {
    if (Number.isNaN(databaseNow)) return
    const { clock } = this.#options
    const tookMs = clock.monotonic() - sentAt
    const offsetMs = databaseNow - (clock.now() - tookMs / 2)
    // As much as half of a round trip may be the network's doing.
    const isCertain = Math.abs(offsetMs) > TOLERATED_OFFSET_MS + tookMs / 2
    this.#clockOffsetMs = isCertain ? Math.round(offsetMs) : 0
  }

  async #connect(): Promise<Connection> {
    if (this.#connection?.isOpen) return this.#connection
    const { open, channel, revisions, events, clock } = this.#options
    const connection = await open()
    connection.onNotification(({ payload = '' }) => this.#hear(payload))
    connection.onLost(error => this.#lose(error))
    await connection.query({ text: `LISTEN ${channel}` }).catch(error => {
      // A standby lets us in, and refuses this.
      void connection.close()
      throw error
    })
    this.#connection = connection
    // What was read before may have changed unheard.
    revisions.restart(revisions.latest + 1)
    this.#beatAt = clock.monotonic()
    this.#heardSince = this.#beatAt
    events.emit('store.presence', { state: 'heard' })
    return connection
  }

  #hear(payload: string): void {
    const { origin, revisions } = this.#options
    const separator = payload.indexOf(' ')
    if (payload.slice(0, separator) === origin) return
    revisions.record(new Map([[payload.slice(separator + 1), revisions.latest + 1]]))
  }

  #lose(error: unknown): void {
    const { events, onLost } = this.#options
    const connection = this.#connection
    this.#connection = undefined
    void connection?.close()
    if (this.#heardSince !== undefined) {
      events.emit('store.presence', { state: 'lost', reason: describe(error) })
    }
    this.#heardSince = undefined
    if (judge(error).next !== 'bug') onLost(error)
  }
}

import type { Clock } from '../../domain/clock.ts'
import { toError } from '../shared/failure.ts'
import type { OperationResult, WriteOperation } from '../shared/operations.ts'
import type { Revisions } from '../shared/revisions.ts'
import type { CommitReply } from '../shared/write-queue.ts'
import { runBatch } from './batch.ts'
import type { Connection } from './connection.ts'
import { ConnectionLostError, describe, judge, toFailure, toStoreError, type Verdict } from './failure.ts'
import { raiseFence } from './fence.ts'
import type { Incarnations } from './incarnations.ts'
import { uncoveredOf } from './instants.ts'
import type { Lease } from './lease.ts'
import type { Partitions } from './partitions.ts'

/** So often is tried again what another transaction was in the way of. */
const MOST_ATTEMPTS = 6
const AGAIN_MS = 20

export interface WriterOptions {
  open(): Promise<Connection>
  incarnations: Incarnations
  partitions: Partitions
  revisions: Revisions
  clock: Clock
  dedupeWindowMs: number
  channel: string
  origin: string
  /** Of a commit that failed, when not all of what it was to do has failed. */
  onUnavailable(error: unknown): void
}

/** Commits batches on a connection of its own, which is made when it is needed. */
export class Writer {
  readonly #options: WriterOptions
  #connection: Connection | undefined
  /** Why there is none, and none is tried to be made by whoever wants to write: that would make senders wait. */
  #refusal: unknown
  #opening: Promise<void> | undefined
  #isClosed = false
  /** Leases of batches of which nobody knows whether they were committed, and of which nobody was told. */
  #unknown: Lease[] = []

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /**
   * Commits operations in one transaction. Rejects with StoreUnavailableError when nothing was changed, or when nobody knows:
   * then what may have been leased is given back before anything else is done. When an operation fails for a reason of its
   * own, each is done in a transaction of its own, so that it spoils no other.
   */
  async commit(operations: readonly WriteOperation[]): Promise<CommitReply> {
    try {
      return { results: await this.#run(operations) }
    } catch (error) {
      if (judge(error).next !== 'bug') throw toStoreError(error)
      if (operations.length === 1) return { results: [{ ok: false, failure: toFailure(error) }] }
      return { results: await this.#runApart(operations) }
    }
  }

  /**
   * Makes a connection if there is none; one, also when it is asked for by a commit and by a probe. Without this, what could
   * not be reached is not tried again.
   */
  async reach(): Promise<void> {
    if (this.#connection?.isOpen) return
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    await this.#opening
    if (this.#isClosed) await this.close()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#disconnect()
  }

  async #runApart(operations: readonly WriteOperation[]): Promise<OperationResult[]> {
    const results: OperationResult[] = []
    for (const operation of operations) {
      const alone = await this.#run([operation]).catch(error => [
        { ok: false, failure: toFailure(error) } as const,
      ])
      results.push(...alone)
    }
    const failed = results.find(result => !result.ok && result.failure.reason !== undefined)
    if (failed?.ok === false) this.#options.onUnavailable(toError(failed.failure))
    return results
  }

  async #run(operations: readonly WriteOperation[]): Promise<OperationResult[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(operations)
      } catch (error) {
        const helps = this.#recover(judge(error))
        if (!helps || attempt === MOST_ATTEMPTS) throw error
        await this.#pause(attempt)
      }
    }
  }

  async #attempt(operations: readonly WriteOperation[]): Promise<OperationResult[]> {
    const { incarnations, partitions, revisions, dedupeWindowMs, channel, origin } = this.#options
    await partitions.cover(uncoveredOf(operations, instant => partitions.covers(instant)))
    const connection = await this.#connect()
    const lease = incarnations.nextLease()
    const { latest: revision } = revisions
    try {
      const { values, changes } = await runBatch(connection, operations, {
        lease,
        revision,
        dedupeWindowMs,
        channel,
        origin,
      })
      this.#record(changes)
      return values.map(value => ({ ok: true, value }))
    } catch (error) {
      const { next } = judge(error)
      if (next === 'void') await incarnations.renew(connection, lease.incarnation)
      if (next === 'lost') this.#forget(lease)
      throw error
    }
  }

  #record(changes: ReadonlySet<string>): void {
    if (changes.size === 0) return
    const { revisions } = this.#options
    const revision = revisions.latest + 1
    revisions.record(new Map(Array.from(changes, recipient => [recipient, revision])))
  }

  /** Nobody knows what this batch has changed. */
  #forget(lease: Lease): void {
    const { revisions } = this.#options
    this.#unknown.push(lease)
    revisions.restart(revisions.latest + 1)
  }

  /** Whether trying again helps. */
  #recover(verdict: Verdict): boolean {
    if (verdict.next === 'void') return true
    if (verdict.next === 'again') {
      if (verdict.stale === 'partitions') this.#options.partitions.forget()
      if (verdict.stale === 'connection') void this.#disconnect()
      return true
    }
    // A server that only reads may not be the one any more that its name stands for.
    if (verdict.next !== 'bug') void this.#disconnect()
    return false
  }

  async #pause(attempt: number): Promise<void> {
    const { clock } = this.#options
    await new Promise<void>(resolve => clock.after(AGAIN_MS * attempt * clock.random(), resolve))
  }

  async #connect(): Promise<Connection> {
    if (this.#refusal !== undefined) throw this.#refusal
    await this.reach()
    if (this.#connection === undefined) throw new ConnectionLostError('unreachable', 'no connection')
    return this.#connection
  }

  async #open(): Promise<void> {
    try {
      const connection = await this.#options.open()
      // A batch may turn out to be unknown while this is under way.
      while (this.#unknown.length > 0) await this.#raiseFence(connection)
      this.#connection = connection
      this.#refusal = undefined
    } catch (error) {
      // Whatever it is that keeps us out, it is tried again, and nobody's operation has failed for a reason of its own.
      const isOther = judge(error).next === 'bug'
      this.#refusal = isOther ? new ConnectionLostError('refused', describe(error)) : error
      throw this.#refusal
    }
  }

  async #raiseFence(connection: Connection): Promise<void> {
    const unknown = [...this.#unknown]
    try {
      await raiseFence(connection, this.#options.incarnations, unknown)
      this.#unknown = this.#unknown.filter(lease => !unknown.includes(lease))
    } catch (error) {
      void connection.close()
      throw error
    }
  }

  /** A goodbye is not waited for while somebody waits for a commit: who should answer it may be gone. */
  async #disconnect(): Promise<void> {
    const connection = this.#connection
    this.#connection = undefined
    await connection?.close()
  }
}

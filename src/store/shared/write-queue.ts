import type { Clock } from '../../domain/clock.ts'
import { StoreUnavailableError } from '../store-unavailable.ts'
import { toError } from './failure.ts'
import type {
  OperationKind,
  OperationOf,
  OperationResult,
  WriteOperation,
  WriteResults,
} from './operations.ts'

const MAX_BATCH = 2000
/** So many settles are company enough. */
const SETTLES_TO_GO_ALONE = 500

/** What an adapter tells of a commit. */
export interface CommitReply {
  /** In the order of the operations. */
  results: readonly OperationResult[]
}

export interface WriteQueueOptions<Reply extends CommitReply> {
  clock: Clock
  /** How long settles wait for an operation that somebody is waiting for. */
  settleDelayMs: number
  /** Commits a batch; rejects with StoreUnavailableError when nothing was changed. */
  commit(operations: readonly WriteOperation[]): Promise<Reply>
  /** Before the results of a batch are handed out. */
  onCommitted(reply: Reply, commit: { durationMs: number; operations: number }): void
  onFailed(error: unknown): void
}

interface Waiting {
  operation: WriteOperation
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/**
 * One batch at a time. What arrives in one turn of the event loop, or while a batch is being committed, shares the next
 * one: the slower the disk, the larger the batches.
 */
export class WriteQueue<Reply extends CommitReply = CommitReply, Receipt = unknown> {
  readonly #options: WriteQueueOptions<Reply>
  #waiting: Waiting[] = []
  #isUrgent = false
  #isCommitting = false
  #isClosed = false
  #immediate: NodeJS.Immediate | undefined
  #cancelRide: (() => void) | undefined
  #drained: (() => void)[] = []

  constructor(options: WriteQueueOptions<Reply>) {
    this.#options = options
  }

  submit<K extends OperationKind>(operation: OperationOf<K>): Promise<WriteResults<Receipt>[K]> {
    if (this.#isClosed) return Promise.reject(new StoreUnavailableError('closed'))
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#waiting.push({ operation, resolve, reject })
    if (!ridesAlong(operation)) this.#isUrgent = true
    this.#schedule()
    return promise as Promise<WriteResults<Receipt>[K]>
  }

  /** Takes nothing new; resolves when everything that was taken is committed or has failed. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#waiting.length === 0 && !this.#isCommitting) return
    this.#isUrgent = true
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#drained.push(resolve)
    this.#schedule()
    await promise
  }

  #schedule(): void {
    if (this.#isCommitting || this.#immediate !== undefined) return
    if (this.#isUrgent || this.#waiting.length >= SETTLES_TO_GO_ALONE) {
      this.#immediate = setImmediate(() => {
        this.#immediate = undefined
        void this.#commitNext()
      })
    } else this.#cancelRide ??= this.#options.clock.after(this.#options.settleDelayMs, () => this.#endRide())
  }

  #endRide(): void {
    this.#cancelRide = undefined
    this.#isUrgent = true
    this.#schedule()
  }

  async #commitNext(): Promise<void> {
    this.#cancelRide?.()
    this.#cancelRide = undefined
    const batch = this.#takeBatch()
    this.#isCommitting = true
    await this.#commit(batch)
    this.#isCommitting = false
    if (this.#waiting.length > 0) return this.#schedule()
    for (const resolve of this.#drained.splice(0)) resolve()
  }

  #takeBatch(): Waiting[] {
    let weight = 0
    let count = 0
    for (const { operation } of this.#waiting) {
      if (count > 0 && weight >= MAX_BATCH) break
      weight += operation.kind === 'accept' ? operation.entries.length : 1
      count++
    }
    if (count < this.#waiting.length) return this.#waiting.splice(0, count)
    const all = this.#waiting
    this.#waiting = []
    this.#isUrgent = false
    return all
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const { clock, commit, onCommitted, onFailed } = this.#options
    const startedAt = clock.monotonic()
    try {
      const reply = await commit(batch.map(waiting => waiting.operation))
      onCommitted(reply, { durationMs: clock.monotonic() - startedAt, operations: batch.length })
      for (const [index, { resolve, reject }] of batch.entries()) {
        const result = reply.results[index]
        if (result?.ok) resolve(result.value)
        else reject(toError(result?.failure ?? { message: 'no result' }))
      }
    } catch (error) {
      onFailed(error)
      for (const { reject } of batch) reject(error)
    }
  }
}

function ridesAlong(operation: WriteOperation): boolean {
  return operation.kind === 'settleFirst' || operation.kind === 'settleLater'
}

import { Worker } from 'node:worker_threads'
import type { Clock } from '../../domain/clock.ts'
import { toError } from '../shared/failure.ts'
import { StoreUnavailableError } from '../store-unavailable.ts'
import type { WorkerMessage, WorkerRequest } from './worker-port.ts'

const RESTART_MS = 1000

export interface WorkerClientOptions {
  url: URL
  /** Made anew for every start. */
  workerData: () => unknown
  clock: Clock
  /** After every start, with what the worker says about itself. */
  onReady?: (value: unknown) => void
  /** The worker died and is restarted; the cause is the name or code of its error, never its text. */
  onDown?: (cause: string) => void
}

interface Outstanding {
  resolve: (value: unknown) => void
  reject: (error: Error) => void
}

/** The caller's end of a worker. One that dies fails what it had been asked and is started again once a second. */
export class WorkerClient {
  readonly #options: WorkerClientOptions
  readonly #outstanding = new Map<number, Outstanding>()
  #worker: Worker | undefined
  #nextId = 1
  #state: 'new' | 'ready' | 'down' | 'closed' = 'new'
  #cancelRestart: () => void = () => {}

  constructor(options: WorkerClientOptions) {
    this.#options = options
  }

  /** Rejects with the worker's own words when it refuses. */
  async start(): Promise<void> {
    const worker = new Worker(this.#options.url, { workerData: this.#options.workerData() })
    this.#worker = worker
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    worker.on('message', (message: WorkerMessage) => {
      if (this.#state === 'closed') return
      if (message.kind === 'ready') {
        this.#state = 'ready'
        this.#options.onReady?.(message.value)
        resolve()
      } else if (message.kind === 'refused') reject(new Error(message.message))
      else this.#receive(message)
    })
    let cause = 'exit'
    worker.on('error', error => {
      cause = nameOf(error)
      reject(error)
    })
    worker.on('exit', () => {
      reject(new Error('the store thread ended'))
      this.#lose(worker, cause)
    })
    await promise
  }

  request(request: unknown): Promise<unknown> {
    if (this.#state !== 'ready') {
      return Promise.reject(new StoreUnavailableError(this.#state === 'down' ? 'io-error' : 'closed'))
    }
    const id = this.#nextId++
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#outstanding.set(id, { resolve, reject })
    const message: WorkerRequest = { id, request }
    this.#worker?.postMessage(message)
    return promise
  }

  /** Sends a last request when the worker lives, then ends it. */
  async close(lastRequest: unknown): Promise<void> {
    this.#cancelRestart()
    const goodbye = this.#state === 'ready' ? this.request(lastRequest) : undefined
    await goodbye?.catch(() => undefined)
    this.#state = 'closed'
    // Again: it may have died of its last request.
    this.#cancelRestart()
    await this.#worker?.terminate()
  }

  #receive(message: Extract<WorkerMessage, { id: number }>): void {
    const outstanding = this.#outstanding.get(message.id)
    this.#outstanding.delete(message.id)
    if (message.kind === 'reply') outstanding?.resolve(message.value)
    else outstanding?.reject(toError(message.failure))
  }

  #lose(worker: Worker, cause: string): void {
    if (worker !== this.#worker) return
    this.#worker = undefined
    const lost = [...this.#outstanding.values()]
    this.#outstanding.clear()
    for (const { reject } of lost) reject(new StoreUnavailableError('io-error'))
    if (this.#state !== 'ready') return
    this.#state = 'down'
    this.#options.onDown?.(cause)
    this.#restartLater()
  }

  #restartLater(): void {
    this.#cancelRestart = this.#options.clock.after(RESTART_MS, () => {
      this.start().catch(async () => {
        await this.#worker?.terminate()
        if (this.#state === 'down') this.#restartLater()
      })
    })
  }
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  const { code } = error as NodeJS.ErrnoException
  return code ?? error.name
}

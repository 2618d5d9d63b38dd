import { parentPort } from 'node:worker_threads'
import type { Failure } from '../shared/failure.ts'
import { toFailure } from './failure.ts'
import { RefusedError } from './open-file.ts'

/** What a worker tells its client. */
export type WorkerMessage =
  | { kind: 'ready'; value: unknown }
  | { kind: 'refused'; message: string }
  | { kind: 'reply'; id: number; value: unknown }
  | { kind: 'failed'; id: number; failure: Failure }

export interface WorkerRequest {
  id: number
  request: unknown
}

export interface Served {
  /** Told to the client once. */
  ready: unknown
  handle(request: unknown): unknown
}

/** The worker's end: starts, then answers one request after the other. */
export function serve(start: () => Served): void {
  const port = parentPort
  if (port === null) throw new Error('runs only as a worker thread')
  const tell = (message: WorkerMessage) => port.postMessage(message)
  let served: Served
  try {
    served = start()
  } catch (error) {
    const message = error instanceof RefusedError ? error.message : toFailure(error).message
    tell({ kind: 'refused', message })
    return
  }
  port.on('message', ({ id, request }: WorkerRequest) => {
    try {
      tell({ kind: 'reply', id, value: served.handle(request) })
    } catch (error) {
      tell({ kind: 'failed', id, failure: toFailure(error) })
    }
  })
  tell({ kind: 'ready', value: served.ready })
}

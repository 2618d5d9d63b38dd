import type { Worker } from 'node:worker_threads'

/** The threads that this process starts from now on, in order: a store's writer is the first, its reader the second. */
export function collectWorkers(): Worker[] {
  const workers: Worker[] = []
  process.on('worker', worker => workers.push(worker))
  return workers
}

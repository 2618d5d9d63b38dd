import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/**
 * Calls every `tickMs`, which may be a fraction: Node's timers know whole milliseconds only, more than most pushes take on
 * loopback, and asking again and again would keep a core busy that the server needs. Resolves when it has begun.
 */
export async function startMetronome(tickMs: number, onTick: () => void): Promise<{ stop(): Promise<void> }> {
  const stopped = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(new URL('metronome-thread.ts', import.meta.url), {
    workerData: { tickMs, stopped },
  })
  await once(worker, 'message')
  worker.on('message', onTick)
  return {
    async stop() {
      worker.off('message', onTick)
      const exited = once(worker, 'exit')
      Atomics.store(stopped, 0, 1)
      Atomics.notify(stopped, 0)
      await exited
    },
  }
}

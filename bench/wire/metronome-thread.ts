import { parentPort, workerData } from 'node:worker_threads'

const { tickMs, stopped } = workerData as { tickMs: number; stopped: Int32Array }

while (Atomics.wait(stopped, 0, 0, tickMs) === 'timed-out') parentPort?.postMessage(null)

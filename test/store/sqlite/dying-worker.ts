import { workerData } from 'node:worker_threads'
import { RefusedError } from '../../../src/store/sqlite/open-file.ts'
import { serve } from '../../../src/store/sqlite/worker-port.ts'

/** A worker that does as it is told: refuses, dies in one way or the other, fails with a secret in its error, or answers. */
serve(() => {
  if (workerData.refuse) throw new RefusedError('no such luck')
  return {
    ready: workerData,
    handle: request => {
      if (request === 'die') process.exit(1)
      if (request === 'throw later') queueMicrotask(() => JSON.parse('secret text'))
      if (request === 'parse') JSON.parse('secret text')
      return request
    },
  }
})

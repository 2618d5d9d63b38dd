import { workerData } from 'node:worker_threads'
import { systemClock } from '../../domain/clock.ts'
import type { ReadName } from '../shared/reads.ts'
import { openForReading } from './open-file.ts'
import { OutboxCount } from './outbox-count.ts'
import { createReads } from './reads.ts'
import { statementsOf } from './statements.ts'
import { serve } from './worker-port.ts'

export interface ReadRequest {
  name: ReadName | 'close'
  argument: unknown
}

/** A second connection for whoever only looks, so that no look is ever in front of a commit. */
serve(() => {
  const db = openForReading(String(workerData))
  const reads = createReads(statementsOf(db), new OutboxCount(systemClock))
  return {
    ready: undefined,
    handle: request => {
      const { name, argument } = request as ReadRequest
      if (name === 'close') return db.close()
      const read = reads[name] as (argument: unknown) => unknown
      return read(argument)
    },
  }
})

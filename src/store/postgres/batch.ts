import type { WriteOperation } from '../shared/operations.ts'
import type { Connection } from './connection.ts'
import type { Lease } from './lease.ts'
import { planSteps } from './steps.ts'
import { Transaction } from './transaction.ts'
import { WriteContext } from './write-context.ts'

const HOLD = { name: 'hold', text: 'SELECT hold_incarnation($1, $2)' }
const NOTIFY = { text: 'SELECT pg_notify($1, m) FROM unnest($2::text[]) m' }

export interface BatchSurroundings {
  lease: Lease
  revision: number
  dedupeWindowMs: number
  /** Where changes of registrations are told, and who tells. */
  channel: string
  origin: string
}

export interface BatchResult {
  /** In the order of the operations. */
  values: unknown[]
  /** Recipients whose registrations it changed. */
  changes: ReadonlySet<string>
}

/**
 * Runs operations in order in one transaction; see failure.ts for what an error means. When no step waits for an answer, all of
 * it goes out at once, the commit included, and takes one round trip.
 */
export async function runBatch(
  connection: Connection,
  operations: readonly WriteOperation[],
  surroundings: BatchSurroundings,
): Promise<BatchResult> {
  const transaction = new Transaction(connection)
  const context = new WriteContext(transaction, surroundings)
  const values: unknown[] = operations.map(() => undefined)
  const steps = planSteps(operations, values, surroundings.dedupeWindowMs)
  const { incarnation, batch } = surroundings.lease
  try {
    const held = transaction.query(HOLD, [incarnation, batch])
    if (steps.every(step => step.isOneWay)) {
      await Promise.all([held, ...steps.map(step => step.run(context)), transaction.commit()])
    } else {
      await held
      for (const step of steps) await step.run(context)
      if (context.changes.size > 0) await tellChanges(context, surroundings)
      await transaction.commit()
    }
    return { values, changes: context.changes }
  } catch (error) {
    transaction.rollback()
    throw transaction.firstError ?? error
  }
}

async function tellChanges(
  context: WriteContext,
  { channel, origin }: Pick<BatchSurroundings, 'channel' | 'origin'>,
): Promise<void> {
  await context.query(NOTIFY, [channel, [...context.changes].map(recipient => `${origin} ${recipient}`)])
}

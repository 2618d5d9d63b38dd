import type { RemoveResult, SettledMessage } from '../store.ts'
import type { OperationOf } from './operations.ts'
import type { WriteQueue } from './write-queue.ts'

/** Removes, then ends a long queue step by step, each in a commit of its own; see Store.removeDevice. */
export async function removeInSteps(
  submit: WriteQueue['submit'],
  operation: OperationOf<'removeDevice' | 'removeRecipient'>,
): Promise<RemoveResult> {
  const { recipient, at } = operation
  const { removed, settled, next } = await submit<'removeDevice' | 'removeRecipient'>(operation)
  const all: SettledMessage[] = [...settled]
  for (let after = next; after !== undefined; ) {
    const step = await submit({ kind: 'endOrphans', recipient, after, at })
    for (const message of step.settled) all.push(message)
    after = step.next
  }
  return { removed, settled: all }
}

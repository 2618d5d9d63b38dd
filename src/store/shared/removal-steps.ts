import type { RemoveResult, SettledMessage } from '../store.ts'
import type { Submit } from './operations.ts'
import type { RemovalStep } from './removal-step.ts'

/** After the removal itself: ends a long queue step by step, each in a commit of its own; see Store.removeDevice. */
export async function endInSteps(
  submit: Submit,
  { recipient, at }: { recipient: string; at: number },
  first: RemovalStep,
): Promise<RemoveResult> {
  const all: SettledMessage[] = [...first.settled]
  for (let after = first.next; after !== undefined; ) {
    const step = await submit({ kind: 'endOrphans', recipient, after, at })
    for (const message of step.settled) all.push(message)
    after = step.next
  }
  return { removed: first.removed, settled: all }
}

import type { MessageState } from '../../domain/offline-message.ts'
import type { TraceStep } from '../store.ts'
import { parseNotes } from './message-notes.ts'

export interface TracedColumns {
  state: MessageState
  reason: string | null
  receivedAt: number
  settledAt: number | null
  notes: string | null
}

/** What happened to a message besides its deliveries, in order. */
export function traceSteps({ state, reason, receivedAt: at, settledAt, notes }: TracedColumns): TraceStep[] {
  const { noted, skipped, requeued = [] } = parseNotes(notes)
  const steps: TraceStep[] = [
    { at, step: 'received' },
    ...noted.map(detail => ({ at, step: 'noted' as const, detail })),
    ...skipped.map(detail => ({ at, step: 'skipped' as const, detail })),
  ]
  if (state === 'ignored') return [...steps, { at, step: 'ignored', detail: reason ?? '' }]
  steps.push({ at, step: 'queued' })
  for (const requeuedAt of requeued) steps.push({ at: requeuedAt, step: 'requeued' })
  if (settledAt !== null) steps.push({ at: settledAt, step: 'settled', detail: state })
  return steps
}

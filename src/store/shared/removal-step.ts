import type { RemoveResult } from '../store.ts'

/** Of a message in an adapter's own order: its row's number, or its id. */
export type Position = number | string

/** Of a removal that is made in several commits. */
export interface RemovalStep extends RemoveResult {
  /** After which message the next step goes on; absent when this was the last. */
  next?: Position
}

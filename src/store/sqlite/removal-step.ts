import type { RemoveResult } from '../store.ts'

/** Of a removal that is made in several commits. */
export interface RemovalStep extends RemoveResult {
  /** After which message the next step goes on; absent when this was the last. */
  next?: number
}

import type { UnavailableReason } from '../store-unavailable.ts'
import { StoreUnavailableError } from '../store-unavailable.ts'

/** An error in a form that crosses threads, and that holds no value of a row. Without `reason` it is a bug, not the disk. */
export interface Failure {
  reason?: UnavailableReason
  message: string
}

export function toError(failure: Failure): Error {
  const cause = new Error(failure.message)
  if (failure.reason !== undefined) return new StoreUnavailableError(failure.reason, { cause })
  return new Error(`store operation failed: ${failure.message}`)
}

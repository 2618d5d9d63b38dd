import { v7 } from 'uuid'

/** A new message id: UUIDv7 (RFC 9562 §5.7), lower-case, increasing within this process. */
export function newMessageId(): string {
  return v7()
}

/** The smallest UUIDv7 that could have been made at `instant` (ms): ids made earlier sort before it. */
export function lowestMessageId(instant: number): string {
  const hex = Math.max(0, Math.floor(instant)).toString(16).padStart(12, '0').slice(-12)
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}

export type StoreHealth = { writable: true } | { writable: false; reason: UnavailableReason }

export type UnavailableReason =
  | 'disk-full'
  | 'read-only'
  | 'corrupt'
  | 'io-error'
  | 'unreachable' /** There is no connection to the database. */
  | 'refused' /** The database does not let us in. */
  | 'timeout'
  | 'closed'

/** Nothing was committed. The caller may try again; a sender is told 503. */
export class StoreUnavailableError extends Error {
  readonly reason: UnavailableReason

  constructor(reason: UnavailableReason, options?: ErrorOptions) {
    super(`store unavailable: ${reason}`, options)
    this.name = 'StoreUnavailableError'
    this.reason = reason
  }
}

/** What is in a file before it is measured. */
export interface FileSize {
  registrations: number
  /** Half of them unbegun, half waiting for a provider. */
  pending: number
}

/** How much is measured. */
export interface LimitsScale {
  files: readonly FileSize[]
  /** Accounts that register meanwhile. */
  newcomers: number
  /** Of one kind, one after the other; their median is told. */
  lookups: number
  /** For random accounts; at the relay, and again at its store. */
  messages: number
  /** What the store does with many rows at once is done so often. */
  steps: number
}

const MILLION = 1_000_000

export const FULL: LimitsScale = {
  files: [
    { registrations: 0, pending: 0 },
    { registrations: MILLION, pending: 0 },
    { registrations: 10 * MILLION, pending: 0 },
    { registrations: MILLION, pending: MILLION },
  ],
  newcomers: 5_000,
  lookups: 1_000,
  messages: 40_000,
  steps: 10,
}

/** Shows that the bench works; its figures mean nothing. */
export const QUICK: LimitsScale = {
  files: [
    { registrations: 0, pending: 0 },
    { registrations: 3_000, pending: 0 },
    { registrations: 1_000, pending: 2_000 },
  ],
  newcomers: 200,
  lookups: 20,
  messages: 400,
  steps: 2,
}

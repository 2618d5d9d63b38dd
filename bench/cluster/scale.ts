/** How much is measured. */
export interface ClusterScale {
  nodes: readonly number[]
  /** To each node, as fast as it goes. */
  messages: number
  /** How long at a fixed rate. */
  pacedMs: number
  /** Of all measurements, in turn; the median is told. */
  rounds: number
}

export const FULL: ClusterScale = { nodes: [1, 2, 4], messages: 20_000, pacedMs: 10_000, rounds: 3 }

/** Shows that the bench works; its figures mean nothing. */
export const QUICK: ClusterScale = { nodes: [1, 2], messages: 400, pacedMs: 200, rounds: 1 }

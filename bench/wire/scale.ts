/** How much is measured. */
export interface WireScale {
  roundTripsMs: { nghttpd: readonly number[]; simulator: readonly number[] }
  streams: readonly number[]
  /** Each measurement is repeated, in turn with the others, and the median reported; far is what a round trip limits. */
  rounds: { near: number; far: number }
  /** Once, at the very beginning: what is compared runs for months, and is compiled when it has run for seconds. */
  heatMs: number
  /** Before each measurement. */
  warmUpMs: number
  measureMs: number
  pushesPerSecond: readonly number[]
  paceMs: number
}

export const FULL: WireScale = {
  roundTripsMs: { nghttpd: [0, 40, 150], simulator: [0] },
  streams: [1, 10, 100, 1000],
  rounds: { near: 5, far: 3 },
  heatMs: 2500,
  warmUpMs: 100,
  measureMs: 500,
  pushesPerSecond: [1000, 5000],
  paceMs: 800,
}

/** Shows that the bench works; its figures mean nothing. */
export const QUICK: WireScale = {
  roundTripsMs: { nghttpd: [0, 2], simulator: [0] },
  streams: [1, 1000],
  rounds: { near: 1, far: 1 },
  heatMs: 20,
  warmUpMs: 1,
  measureMs: 10,
  pushesPerSecond: [500],
  paceMs: 20,
}

export function roundsOf({ rounds }: WireScale, roundTripMs: number): number {
  return roundTripMs === 0 ? rounds.near : rounds.far
}

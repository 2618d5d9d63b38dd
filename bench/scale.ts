/** How much is measured. */
export interface Scale {
  /** Each measurement of accepting ends after so many messages, or after so long. */
  acceptMessages: number
  acceptMs: number
  endToEndMessages: number
  /** Messages through each part of the relay. */
  partMessages: number
  memoryMessages: number
}

export const FULL: Scale = {
  acceptMessages: 20_000,
  acceptMs: 4_000,
  endToEndMessages: 20_000,
  partMessages: 40_000,
  memoryMessages: 200_000,
}

/** Shows that the bench works; its figures mean nothing. */
export const QUICK: Scale = {
  acceptMessages: 400,
  acceptMs: 200,
  endToEndMessages: 400,
  partMessages: 400,
  memoryMessages: 800,
}

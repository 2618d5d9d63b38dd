/** How much is measured. */
export interface Scale {
  /** Each measurement of accepting ends after so many messages, or after so long. */
  acceptMessages: number
  acceptMs: number
  endToEndMessages: number
  /** Messages through each part of the relay. */
  partMessages: number
  memoryMessages: number
  isolation: {
    /** Of each comparison; its median is told. */
    runs: number
    messagesPerSecond: number
    /** Half a run. */
    ms: number
    /** Providers that get into trouble, one after the other. */
    victims: readonly string[]
  }
}

export const FULL: Scale = {
  acceptMessages: 20_000,
  acceptMs: 4_000,
  endToEndMessages: 20_000,
  partMessages: 40_000,
  memoryMessages: 200_000,
  // One whose servers speak HTTP/2, one with HTTP/1.1.
  isolation: { runs: 5, messagesPerSecond: 100, ms: 10_000, victims: ['fcm', 'http'] },
}

/** Shows that the bench works; its figures mean nothing. */
export const QUICK: Scale = {
  acceptMessages: 400,
  acceptMs: 200,
  endToEndMessages: 400,
  partMessages: 400,
  memoryMessages: 800,
  isolation: { runs: 1, messagesPerSecond: 50, ms: 300, victims: ['fcm'] },
}

/** Room for the batches of an incarnation: at a thousand a second, more than thirty years. */
export const BATCHES = 2n ** 40n

/**
 * A lease names the incarnation that holds it, and the batch that took it: when nobody knows whether a batch was committed, it
 * is known which leases nobody was told of. As texts, since they are larger than JavaScript's safe integers.
 */
export interface Lease {
  incarnation: number
  batch: number
  /** What the leases of this batch carry. */
  value: string
  /** What all leases of this incarnation carry, at least, and less than. */
  from: string
  before: string
}

export function leaseOf(incarnation: number, batch: number): Lease {
  const from = BigInt(incarnation) * BATCHES
  return {
    incarnation,
    batch,
    value: String(from + BigInt(batch)),
    from: String(from),
    before: String(from + BATCHES),
  }
}

import type { Queryable } from './connection.ts'
import { type Lease, leaseOf } from './lease.ts'

const BEGIN = { text: 'INSERT INTO node DEFAULT VALUES RETURNING id' }

/** Under which name this process leases. A name that was taken for dead is never used again. */
export class Incarnations {
  readonly #onLost: () => void
  #current = 0
  #batch = 0
  #renewal: Promise<void> | undefined

  constructor(onLost: () => void) {
    this.#onLost = onLost
  }

  get current(): number {
    return this.#current
  }

  async begin(db: Queryable): Promise<void> {
    const { rows } = await db.query(BEGIN)
    this.#current = Number(rows[0]?.[0])
    this.#batch = 0
  }

  /** For the next batch. */
  nextLease(): Lease {
    this.#batch++
    return leaseOf(this.#current, this.#batch)
  }

  /** `lost` is void: goes on as another one. Several who find out at the same time share it. */
  async renew(db: Queryable, lost: number): Promise<void> {
    if (lost !== this.#current) return
    this.#renewal ??= this.begin(db)
      .then(() => this.#onLost())
      .finally(() => {
        this.#renewal = undefined
      })
    await this.#renewal
  }
}

import type { Queryable } from './connection.ts'
import { type Lease, leaseOf } from './lease.ts'

const BEGIN = { text: 'INSERT INTO node DEFAULT VALUES RETURNING id' }

/** Under which name this process leases. A name that was taken for dead is never used again. */
export class Incarnations {
  readonly #onLost: () => number
  #current = 0
  #since = 0
  #batch = 0
  #renewal: Promise<void> | undefined

  /** `onLost` answers as of which revision of the registry it is the next one that leases. */
  constructor(onLost: () => number) {
    this.#onLost = onLost
  }

  get current(): number {
    return this.#current
  }

  /** Whether what was leased as of this revision was leased under a name that is void. */
  hasLost(revision: number): boolean {
    return revision < this.#since
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
      .then(() => {
        this.#since = this.#onLost()
      })
      .finally(() => {
        this.#renewal = undefined
      })
    await this.#renewal
  }
}

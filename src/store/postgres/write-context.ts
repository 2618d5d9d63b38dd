import type { Answer, Queryable, Statement } from './connection.ts'
import type { Lease } from './lease.ts'

/** What the operations of a batch share. */
export class WriteContext implements Queryable {
  readonly lease: Lease
  /** As of which change of the registry all that this batch reads is known at least. */
  readonly revision: number
  readonly dedupeWindowMs: number
  /** Recipients whose registrations this batch changed. */
  readonly changes = new Set<string>()
  readonly #queryable: Queryable

  constructor(
    queryable: Queryable,
    { lease, revision, dedupeWindowMs }: { lease: Lease; revision: number; dedupeWindowMs: number },
  ) {
    this.#queryable = queryable
    this.lease = lease
    this.revision = revision
    this.dedupeWindowMs = dedupeWindowMs
  }

  query(statement: Statement, values?: readonly unknown[]): Promise<Answer> {
    return this.#queryable.query(statement, values)
  }

  /** Notes that registrations of this recipient change. */
  change(recipient: string): void {
    this.changes.add(recipient)
  }
}

import { Pool, type PoolConfig } from 'pg'
import { StoreUnavailableError } from '../store-unavailable.ts'
import { type Answer, ask, type Queryable, type Statement } from './connection.ts'
import { judge, toStoreError } from './failure.ts'

/** For whoever only looks: no look is ever in front of a commit. Rejects as the store does. */
export class ReadPool implements Queryable {
  readonly #pool: Pool
  #isClosed = false

  constructor(config: PoolConfig) {
    this.#pool = new Pool(config)
    // A connection that ends while nobody uses it is replaced when somebody does.
    this.#pool.on('error', () => {})
  }

  async query(statement: Statement, values: readonly unknown[] = []): Promise<Answer> {
    if (this.#isClosed) throw new StoreUnavailableError('closed')
    try {
      return await this.#ask(statement, values)
    } catch (error) {
      throw toStoreError(error)
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#pool.end()
  }

  // One that ended a moment ago may still have been in the pool.
  async #ask(statement: Statement, values: readonly unknown[]): Promise<Answer> {
    try {
      return await ask(this.#pool, statement, values)
    } catch (error) {
      if (judge(error).next !== 'lost') throw error
      return ask(this.#pool, statement, values)
    }
  }
}

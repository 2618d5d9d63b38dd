import type { Answer, Connection, Queryable, Statement } from './connection.ts'

/** Nothing of it is there unless `commit` resolves; when that rejects because the connection was lost, nobody knows. */
export class Transaction implements Queryable {
  readonly #connection: Connection
  /** Of what was asked for, the first that failed: whatever follows it only says that the transaction is over. */
  #firstError: unknown

  constructor(connection: Connection) {
    this.#connection = connection
    void this.query({ text: 'BEGIN' })
  }

  get firstError(): unknown {
    return this.#firstError
  }

  query(statement: Statement, values?: readonly unknown[]): Promise<Answer> {
    const answer = this.#connection.query(statement, values)
    // Answers come in the order of the questions, also where somebody waits for a later one first.
    answer.catch(error => {
      this.#firstError ??= error
    })
    return answer
  }

  /** May be asked for before what was asked for earlier is answered: if one of that fails, all is rolled back. */
  async commit(): Promise<void> {
    const { command } = await this.query({ text: 'COMMIT' })
    // So PostgreSQL answers when something had failed.
    if (command !== 'COMMIT') throw this.#firstError ?? new Error('the transaction was rolled back')
  }

  /** What follows on this connection is answered after it. */
  rollback(): void {
    if (this.#connection.isOpen) this.#connection.query({ text: 'ROLLBACK' }).catch(() => {})
  }
}

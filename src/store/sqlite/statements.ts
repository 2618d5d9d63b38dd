import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Prepares every SQL text once per connection. */
export type Sql = (text: string) => StatementSync

export function statementsOf(db: DatabaseSync): Sql {
  const statements = new Map<string, StatementSync>()
  return text => {
    const known = statements.get(text)
    if (known !== undefined) return known
    const statement = db.prepare(text)
    statements.set(text, statement)
    return statement
  }
}

import { hash } from 'node:crypto'
import type { MovedRow, MovedTable } from '../shared/moved-tables.ts'
import { duplicateKey } from './accept-entries.ts'
import { tokenKey } from './registration-rows.ts'
import { clean } from './text.ts'

type ColumnType = 'uuid' | 'text' | 'bigint' | 'integer' | 'smallint' | 'boolean'

/** By type, what a table has. */
const COLUMNS: Record<MovedTable, Partial<Record<ColumnType, string>>> = {
  secret: { text: 'name value' },
  proven_scope: { text: 'scope' },
  registration: {
    text: 'recipient device kind provider token app environment environment_source state state_reason name locale preview',
    uuid: 'token_key',
    bigint: 'registered_at last_accepted_at version first_version account',
    integer: 'strikes',
    boolean: 'shared',
  },
  registration_move: { text: 'recipient', bigint: 'at' },
  zeropush_device: { text: 'token recipient', integer: 'badge', bigint: 'marked_inactive_at' },
  zeropush_channel: { text: 'channel token' },
  duplicate: { uuid: 'key message_id', bigint: 'at' },
  delivery: { text: 'device kind scope record', uuid: 'message_id', bigint: 'lease run_at expires_at' },
  outbox: {
    text: 'recipient sender type reason notes deliveries content',
    uuid: 'id',
    bigint: 'lease account received_at expires_at',
    smallint: 'stage',
  },
}

export interface Column {
  name: string
  type: ColumnType
}

export function columnsOf(table: MovedTable): Column[] {
  return Object.entries(COLUMNS[table]).flatMap(([type, names]) =>
    names.split(' ').map(name => ({ name, type: type as ColumnType })),
  )
}

export type Value = string | number | boolean | null

/** What only this database has of a row. */
const DERIVED: Readonly<Record<string, (row: MovedRow) => Value>> = {
  token_key: row => tokenKey(String(row.token)),
  key: row => duplicateKey(String(row.key)),
  // Leases end with the process that had them.
  lease: () => 0,
  shared: row => row.shared !== 0,
}

/** A row as it is kept here, in the order of the columns. */
export function toValues(table: MovedTable, row: MovedRow): Value[] {
  return columnsOf(table).map(({ name, type }) => {
    const value = DERIVED[name]?.(row) ?? row[name] ?? null
    if (typeof value !== 'string') return value
    return type === 'uuid' ? withDashes(value) : clean(value)
  })
}

/** As PostgreSQL writes a UUID. */
function withDashes(uuid: string): string {
  return uuid.replaceAll('-', '').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const LIMIT = 2n ** 64n

/** Of any number of rows, in whatever order: how many, and a sum over what is in them. */
export class Checksum {
  count = 0
  #sum = 0n

  add(values: readonly unknown[]): void {
    this.count++
    this.#sum = (this.#sum + hash('sha256', JSON.stringify(values), 'buffer').readBigUInt64LE()) % LIMIT
  }

  equals(other: Checksum): boolean {
    return this.count === other.count && this.#sum === other.#sum
  }
}

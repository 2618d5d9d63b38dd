import type { MovedPosition, MovedRow, MovedTable } from '../shared/moved-tables.ts'
import { MOVED_TABLES } from '../shared/moved-tables.ts'
import { Connection } from './connection.ts'
import { connectionConfig } from './connection-config.ts'
import { unusable } from './life.ts'
import { MOVE_LOCK } from './locks.ts'
import { checkServer, migrate, RefusedError } from './migrate.ts'
import { advanceMove, beginMove, finishMove, type MoveState, readMove } from './move-state.ts'
import { Checksum, columnsOf, toValues } from './moved-columns.ts'
import { DEAD_AFTER_MS } from './presence.ts'
import { Transaction } from './transaction.ts'

const TRY_LOCK = { text: 'SELECT pg_try_advisory_lock($1)' }
const LIVE_NODES = {
  text: `
  SELECT count(*) FROM node WHERE voided_at IS NULL
    AND heartbeat_at > clock_timestamp() - $1 * interval '1 millisecond'`,
}
const START_VERSIONS = { text: `SELECT setval('registration_version', $1)` }

const ROWS_PER_FETCH = 2_000

export interface MoveInput {
  source: string
  recentSince: number
  versionsBelow: number
}

/** Where to a relay moves. What is written is there after a kill, and is not written again. */
export class MoveTarget {
  readonly #connection: Connection
  #state: MoveState

  private constructor(connection: Connection, state: MoveState) {
    this.#connection = connection
    this.#state = state
  }

  /** Begins a move, or goes on with it. Rejects with words for the operator unless this database is for nobody else. */
  static async open(url: string, input: MoveInput): Promise<MoveTarget> {
    const connection = await readable(Connection.open(connectionConfig(url, 'maintain')))
    try {
      const state = await readable(prepare(connection, input))
      return new MoveTarget(connection, state)
    } catch (error) {
      await connection.close()
      throw error
    }
  }

  get recentSince(): number {
    return this.#state.recentSince
  }

  get isFinished(): boolean {
    return this.#state.isFinished
  }

  /** Behind what the next page of a table begins; null: it is all there. */
  position(table: MovedTable): MovedPosition | null | undefined {
    return this.#state.positions[table]
  }

  /** Adds rows, and notes behind which one to go on, both or neither. */
  async write(table: MovedTable, rows: readonly MovedRow[], next: MovedPosition | null): Promise<void> {
    const columns = columnsOf(table)
    const values = rows.map(row => toValues(table, row))
    const names = columns.map(({ name }) => name).join(', ')
    const arrays = columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ')
    const insert = { text: `INSERT INTO ${table} (${names}) SELECT * FROM unnest(${arrays})` }
    const state = { ...this.#state, positions: { ...this.#state.positions, [table]: next } }
    const transaction = new Transaction(this.#connection)
    const written = Promise.all([
      transaction.query(
        insert,
        columns.map((_column, index) => values.map(row => row[index])),
      ),
      advanceMove(transaction, state),
      transaction.commit(),
    ]).catch(error => {
      transaction.rollback()
      throw transaction.firstError ?? error
    })
    await readable(written)
    this.#state = state
  }

  /** Of all that is in a table now. */
  checksum(table: MovedTable): Promise<Checksum> {
    return readable(checksumOf(this.#connection, table))
  }

  /** From now on nodes may begin. */
  async finish(): Promise<void> {
    await readable(finishMove(this.#connection, this.#state))
    this.#state = { ...this.#state, isFinished: true }
    for (const table of MOVED_TABLES) await readable(this.#connection.query({ text: `ANALYZE ${table}` }))
  }

  close(): Promise<void> {
    return this.#connection.close()
  }
}

async function prepare(connection: Connection, input: MoveInput): Promise<MoveState> {
  await checkServer(connection)
  await migrate(connection)
  const { rows } = await connection.query(TRY_LOCK, [MOVE_LOCK])
  if (rows[0]?.[0] !== true) throw new RefusedError('another push-relay move is under way into this database')
  const known = await readMove(connection)
  const state = known ?? (await begin(connection, input))
  if (state.source !== input.source) {
    throw new RefusedError(
      state.isFinished
        ? 'another relay was moved into this database'
        : 'a move of another file, or of this one before a relay used it again, was not finished: remove what came of it (DROP SCHEMA push_relay CASCADE), and begin anew',
    )
  }
  if (!state.isFinished) await refuseNodes(connection)
  return state
}

async function begin(
  connection: Connection,
  { source, recentSince, versionsBelow }: MoveInput,
): Promise<MoveState> {
  await refuseNodes(connection)
  await refuseData(connection)
  const state: MoveState = { source, recentSince, positions: {}, isFinished: false }
  await connection.query(START_VERSIONS, [versionsBelow])
  await beginMove(connection, state)
  return state
}

async function refuseNodes(connection: Connection): Promise<void> {
  const { rows } = await connection.query(LIVE_NODES, [DEAD_AFTER_MS])
  const count = Number(rows[0]?.[0])
  if (count > 0) {
    throw new RefusedError(
      `${count} relay nodes use this database: stop them (one that was killed counts for ${DEAD_AFTER_MS / 1000} s)`,
    )
  }
}

async function refuseData(connection: Connection): Promise<void> {
  for (const table of [...MOVED_TABLES, 'trace']) {
    const { count } = await connection.query({ text: `SELECT FROM ${table} LIMIT 1` })
    if (count > 0) throw new RefusedError(`this database is in use already: there is something in ${table}`)
  }
}

/** Read through a cursor, so that any number of rows may be there. */
async function checksumOf(connection: Connection, table: MovedTable): Promise<Checksum> {
  const names = columnsOf(table)
    .map(({ name }) => name)
    .join(', ')
  const checksum = new Checksum()
  const transaction = new Transaction(connection)
  await transaction.query({ text: `DECLARE moved NO SCROLL CURSOR FOR SELECT ${names} FROM ${table}` })
  for (;;) {
    const { rows } = await transaction.query({ text: `FETCH ${ROWS_PER_FETCH} FROM moved` })
    for (const row of rows) checksum.add(row)
    if (rows.length < ROWS_PER_FETCH) break
  }
  await transaction.commit()
  return checksum
}

async function readable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw unusable(error)
  }
}

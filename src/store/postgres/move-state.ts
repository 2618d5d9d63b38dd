import type { MovedPosition, MovedTable } from '../shared/moved-tables.ts'
import type { Queryable } from './connection.ts'
import { RefusedError } from './migrate.ts'

/** How far a move has come. */
export interface MoveState {
  source: string
  /** The keys of messages since then are moved as well. */
  recentSince: number
  /** Behind what all is there; null: of this table all is. */
  positions: Partial<Record<MovedTable, MovedPosition | null>>
  isFinished: boolean
}

const READ = { text: 'SELECT source, recent_since, positions, finished_at IS NOT NULL FROM moved_from' }
const BEGIN = { text: 'INSERT INTO moved_from (source, recent_since, positions) VALUES ($1, $2, $3)' }
const ADVANCE = { text: 'UPDATE moved_from SET positions = $2 WHERE source = $1' }
const FINISH = { text: 'UPDATE moved_from SET finished_at = clock_timestamp() WHERE source = $1' }

export async function readMove(db: Queryable): Promise<MoveState | undefined> {
  const { rows } = await db.query(READ)
  const [row] = rows
  if (row === undefined) return undefined
  const [source, recentSince, positions, isFinished] = row
  return {
    source: String(source),
    recentSince: Number(recentSince),
    positions: JSON.parse(String(positions)),
    isFinished: isFinished === true,
  }
}

export async function beginMove(db: Queryable, { source, recentSince, positions }: MoveState): Promise<void> {
  await db.query(BEGIN, [source, recentSince, JSON.stringify(positions)])
}

export async function advanceMove(db: Queryable, { source, positions }: MoveState): Promise<void> {
  await db.query(ADVANCE, [source, JSON.stringify(positions)])
}

export async function finishMove(db: Queryable, { source }: MoveState): Promise<void> {
  await db.query(FINISH, [source])
}

/**
 * For a node that begins, once others can see that it does: whoever moves looks for nodes once everybody can see that it moves,
 * so that one of the two notices the other.
 */
export async function refuseHalfMoved(db: Queryable): Promise<void> {
  const move = await readMove(db)
  if (move !== undefined && !move.isFinished) {
    throw new RefusedError('a move into this database is not finished: run push-relay move again')
  }
}

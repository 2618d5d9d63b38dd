import type { OperationOf } from '../shared/operations.ts'
import { releaseLeases } from './claims.ts'
import { clean } from './text.ts'
import type { WriteContext } from './write-context.ts'

const ADD_SECRET = { text: 'INSERT INTO secret (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING' }
// Whoever waited for another node's change looks at the row again, and finds that it is not the former one.
const REPLACE_SECRET = { text: 'UPDATE secret SET value = $2 WHERE name = $1 AND value = $3' }
const MARK_PROVEN = { text: 'INSERT INTO proven_scope VALUES ($1) ON CONFLICT DO NOTHING' }
const PURGE_DUPLICATES = {
  text: `
  DELETE FROM duplicate WHERE key = ANY (ARRAY(
    SELECT key FROM duplicate WHERE at < $1 ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED))`,
}
const FILL = { text: 'INSERT INTO probe VALUES ($1)' }
const EMPTY = { text: 'DELETE FROM probe' }
const FILLER = Buffer.alloc(256 * 1024)
/** So small a row is quickly deleted. */
const DUPLICATES_PER_TRACE = 10
const ALL = 2 ** 31 - 1

export async function replaceSecret(
  context: WriteContext,
  { name, former, value }: OperationOf<'replaceSecret'>,
): Promise<boolean> {
  const values = [clean(name), clean(value)]
  const { count } =
    former === undefined
      ? await context.query(ADD_SECRET, values)
      : await context.query(REPLACE_SECRET, [...values, clean(former)])
  return count === 1
}

export async function markProven(
  context: WriteContext,
  { scope }: OperationOf<'markProven'>,
): Promise<undefined> {
  await context.query(MARK_PROVEN, [clean(scope)])
}

/** Gives back every lease of this incarnation. */
export async function giveBack(context: WriteContext): Promise<undefined> {
  await releaseLeases(context, context.lease, ALL)
}

/** Whether a commit would succeed is found out with one that needs some room. */
export async function probe(context: WriteContext): Promise<undefined> {
  await Promise.all([context.query(FILL, [FILLER]), context.query(EMPTY)])
}

/** `limit` when there may be more. */
export async function purgeDuplicates(
  context: WriteContext,
  { before, limit }: OperationOf<'purge'>,
): Promise<number> {
  const most = limit * DUPLICATES_PER_TRACE
  const { count } = await context.query(PURGE_DUPLICATES, [before, most])
  return count === most ? limit : 0
}

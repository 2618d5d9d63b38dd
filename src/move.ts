import { MoveTarget } from './store/postgres/move-target.ts'
import { Checksum, toValues } from './store/postgres/moved-columns.ts'
import { MOVED_TABLES, type MovedTable } from './store/shared/moved-tables.ts'
import { type MoveSource, openMoveSource } from './store/sqlite/move-source.ts'

/** Rows per transaction of the target. */
const PAGE = 1_000

export interface MoveOptions {
  /** The file. */
  from: string
  /** The URL of the database. */
  to: string
  now: number
  dedupeWindowMs: number
  onProgress(progress: MoveProgress): void
}

export interface MoveProgress {
  step: 'copied' | 'verified'
  table: MovedTable
  rows: number
  /** Of this table. */
  total: number
}

/** How many rows of each table there are; `already`: an earlier call had finished. */
export type MoveResult = { status: 'moved' | 'already'; rows: Record<MovedTable, number> }

/**
 * Moves what a relay still needs from a SQLite file, which stays as it is, to a PostgreSQL that nobody uses. Goes on where a
 * call that was killed has stopped. Nodes begin with it only after all of it was read again and found to be the same.
 */
export async function moveStore(options: MoveOptions): Promise<MoveResult> {
  const source = openMoveSource(options.from)
  try {
    const target = await MoveTarget.open(options.to, {
      source: source.id,
      recentSince: options.now - options.dedupeWindowMs,
      versionsBelow: source.versionsBelow,
    })
    try {
      return await move(source, target, options.onProgress)
    } finally {
      await target.close()
    }
  } finally {
    source.close()
  }
}

async function move(
  source: MoveSource,
  target: MoveTarget,
  onProgress: MoveOptions['onProgress'],
): Promise<MoveResult> {
  source.recentSince(target.recentSince)
  const rows = Object.fromEntries(MOVED_TABLES.map(table => [table, source.count(table)]))
  const totals = rows as Record<MovedTable, number>
  if (target.isFinished) return { status: 'already', rows: totals }
  for (const table of MOVED_TABLES) {
    const report = (count: number) => onProgress({ step: 'copied', table, rows: count, total: totals[table] })
    await copy(source, target, { table, report })
  }
  for (const table of MOVED_TABLES) {
    await verify(source, target, table)
    onProgress({ step: 'verified', table, rows: totals[table], total: totals[table] })
  }
  await target.finish()
  return { status: 'moved', rows: totals }
}

async function copy(
  source: MoveSource,
  target: MoveTarget,
  { table, report }: { table: MovedTable; report: (rows: number) => void },
): Promise<void> {
  let after = target.position(table)
  let copied = 0
  while (after !== null) {
    const { rows, next = null } = source.read(table, after, PAGE)
    await target.write(table, rows, next)
    after = next
    copied += rows.length
    report(copied)
  }
}

async function verify(source: MoveSource, target: MoveTarget, table: MovedTable): Promise<void> {
  const expected = new Checksum()
  let after: string | undefined
  do {
    const page = source.read(table, after, PAGE)
    for (const row of page.rows) expected.add(toValues(table, row))
    after = page.next
  } while (after !== undefined)
  const found = await target.checksum(table)
  if (found.equals(expected)) return
  throw new Error(
    `${table} is not the same in both: ${expected.count} rows in the file, ${found.count} in the database. Remove what came of it (DROP SCHEMA push_relay CASCADE), and begin anew`,
  )
}

import { bad, good, type Parsed } from './config/parsed.ts'
import { readStoreLocation, readVariable } from './config/read-config.ts'
import type { RelayEnvironment } from './config/reading.ts'
import { storeLocation } from './config/store-location.ts'
import { systemClock } from './domain/clock.ts'
import type { MoveProgress, MoveResult } from './move.ts'
import { blaming } from './store/unusable-store.ts'

/** What a command says at its end, and with which exit code. */
export interface Said {
  text: string
  exitCode: number
}

const said = (text: string): Said => ({ text, exitCode: 0 })
const failed = (text: string): Said => ({ text, exitCode: 1 })
const STORE_IS_WRONG = failed('RELAY_STORE: is wrong; see push-relay check-config')

/** Brings the database to the format of this release, and starts nothing. */
export async function migrateStore(environment: RelayEnvironment): Promise<Said> {
  const location = readStoreLocation(environment)
  if (location === undefined) return STORE_IS_WRONG
  if (location.kind === 'sqlite') {
    const { migrateFile } = await import('./store/sqlite/migrate-file.ts')
    const applied = migrateFile(location.path)
    return said(
      applied === undefined ? `${location.path} does not exist: the first start makes it` : migrated(applied),
    )
  }
  const { migrateDatabase } = await import('./store/postgres/migrate-database.ts')
  return said(migrated(await blaming('RELAY_STORE', migrateDatabase(location.url))))
}

function migrated(applied: number): string {
  return applied === 0 ? 'nothing to migrate' : `${applied} migrations applied`
}

export interface MoveArguments {
  from?: string | undefined
  /** Absent: RELAY_STORE, which other users of this machine cannot see as they see arguments. */
  to?: string | undefined
}

/** Moves a relay from a file to a database. */
export async function moveBetweenStores(
  { from, to }: MoveArguments,
  environment: RelayEnvironment,
  progress: (line: string) => void,
): Promise<Said> {
  const source = from === undefined ? undefined : storeLocation(from)
  if (!source?.ok || source.value.kind !== 'sqlite')
    return failed('--from: must be sqlite:<path of the database file>')
  const setting = to === undefined ? 'RELAY_STORE' : '--to'
  const target = targetOf(to ?? environment.RELAY_STORE?.trim() ?? '')
  if (!target.ok) return failed(`${setting}: ${target.problems.join('; ')}`)
  const dedupeWindowMs = readVariable(environment, 'dedupeWindow')
  if (dedupeWindowMs === undefined)
    return failed('RELAY_DEDUPE_WINDOW: is wrong; see push-relay check-config')
  const { moveStore } = await import('./move.ts')
  const moving = moveStore({
    ...{ from: source.value.path, to: target.value, now: systemClock.now(), dedupeWindowMs },
    onProgress: sparingly(progress),
  })
  return said(moveReport(await blaming(setting, moving)))
}

/** The URL of the database to which a relay moves. */
function targetOf(text: string): Parsed<string> {
  const parsed = storeLocation(text)
  if (parsed.ok && parsed.value.kind === 'postgres') return good(parsed.value.url)
  const isMeant = /^postgres/i.test(text)
  return parsed.ok || !isMeant
    ? bad('must be postgres://user:password@host:5432/database (--to wins over RELAY_STORE)')
    : parsed
}

const ROWS_PER_LINE = 100_000

/** A line for each table, and for each hundred thousand rows of a large one. */
function sparingly(print: (line: string) => void): (progress: MoveProgress) => void {
  let lines = 0
  return ({ step, table, rows, total }) => {
    const isEnd = rows === total
    const line = Math.floor(rows / ROWS_PER_LINE)
    if (!isEnd && line === lines) return
    lines = isEnd ? 0 : line
    print(`${table}: ${rows} of ${total} ${step}`)
  }
}

function moveReport({ status, rows }: MoveResult): string {
  const { registration, outbox, delivery, zeropush_device: zeropush } = rows
  const counts = `${registration} registrations, ${outbox} pending messages, ${delivery} waiting deliveries, ${zeropush} ZeroPush devices`
  const first = status === 'moved' ? `moved: ${counts}` : `was moved already: ${counts}`
  return `${first}\nThe file is as it was. Set RELAY_STORE to the database; no relay may use the file again.`
}

import type { DatabaseSync } from 'node:sqlite'
import { workerData } from 'node:worker_threads'
import { lowestMessageId } from '../../domain/message-id.ts'
import { runBatch } from './batch.ts'
import { releaseLeasesAfter } from './claims.ts'
import { DedupeWindow } from './dedupe-window.ts'
import { openForWriting, takeLock } from './open-file.ts'
import type { WriterOptions, WriterReady, WriterRequest } from './operations.ts'
import type { Sql } from './statements.ts'
import { statementsOf } from './statements.ts'
import type { Served } from './worker-port.ts'
import { serve } from './worker-port.ts'
import { WriteContext } from './write-context.ts'

/** The only connection that writes, in a thread of its own: the event loop never waits for the disk. */
serve(() => startWriter(workerData as WriterOptions))

function startWriter(options: WriterOptions): Served {
  const lock = takeLock(options.path)
  const db = openForWriting(options.path)
  const sql = statementsOf(db)
  db.exec('BEGIN IMMEDIATE')
  // A process that lost its writer still works on what it was told of. What the last batch leased without a reply
  // reaching anybody is in nobody's hands.
  releaseLeasesAfter({ sql }, options.held?.last ?? 0)
  const incarnation = beginIncarnation(sql, options.now)
  db.exec('COMMIT')
  const context = new WriteContext(sql, incarnation, rebuildWindow(sql, options), options.held?.first)
  const ready: WriterReady = { revision: context.revision, lease: context.lease }
  const close = () => {
    truncateLog(db)
    db.close()
    lock.close()
  }
  return { ready, handle: request => handle(request as WriterRequest, { db, context, close }) }
}

interface Writer {
  db: DatabaseSync
  context: WriteContext
  close(): void
}

function handle(request: WriterRequest, { db, context, close }: Writer): unknown {
  switch (request.kind) {
    case 'batch':
      return runBatch(db, context, request.operations)
    case 'checkpoint':
      return truncateLog(db)
    case 'close':
      return close()
  }
}

function beginIncarnation(sql: Sql, now: number): number {
  const { lastInsertRowid } = sql('INSERT INTO incarnation (started_at) VALUES (?)').run(now)
  sql('DELETE FROM incarnation WHERE id < ?').run(lastInsertRowid)
  return Number(lastInsertRowid)
}

// Ids begin with their time, so recent messages are the end of the primary key.
function rebuildWindow(sql: Sql, { now, dedupeWindowMs, maxDedupeEntries }: WriterOptions): DedupeWindow {
  const window = new DedupeWindow(dedupeWindowMs, maxDedupeEntries)
  const from = lowestMessageId(now - dedupeWindowMs)
  // The newest, as many as there is room for; read backwards, because only from the end is it known where they begin.
  const newest = sql(`
    SELECT id, dedupe_key, received_at FROM message WHERE id >= ? AND dedupe_key IS NOT NULL ORDER BY id DESC LIMIT ?`)
  newest.setReturnArrays(true)
  const rows = newest.all(from, maxDedupeEntries) as unknown as [id: string, key: string, at: number][]
  for (const [id, key, at] of rows.reverse()) window.remember(key, id, at)
  window.commit()
  return window
}

/**
 * Moves the log into the database file and cuts it to nothing, so that erased text is in neither. Does not wait for a
 * reader: false, and the caller tries again later.
 */
function truncateLog(db: DatabaseSync): boolean {
  const timeout = db.prepare('PRAGMA busy_timeout').get()?.timeout
  db.exec('PRAGMA busy_timeout = 0')
  try {
    return db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy === 0
  } finally {
    db.exec(`PRAGMA busy_timeout = ${timeout}`)
  }
}

import { freemem } from 'node:os'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { setImmediate as yieldToEvents } from 'node:timers/promises'
import { lowestMessageId } from '../../src/domain/message-id.ts'
import { account, filled, scattered, tokenOf } from './accounts.ts'
import type { Exemplar, Exemplars } from './exemplars.ts'
import { openStore } from './open-store.ts'
import type { FileSize } from './scale.ts'

const TTL_MS = 7 * 86_400_000
/** The newest half of what is pending came in the last hour, in which repeated posts are known. */
const SPREAD_MS = 2 * 3_600_000
/** Rows between two looks whether the bench is to end. */
const CHUNK = 10_000

/**
 * Makes a file of this size: the store its tables, and SQL its rows, which are those of exemplars with the names, tokens and
 * times of others. Registrations come in random order, as they do in life: the pages of a file that was filled in order would
 * be fuller than they ever are.
 */
export async function fillFile(path: string, size: FileSize, exemplars: Exemplars): Promise<void> {
  await (await openStore(path)).close()
  const db = new DatabaseSync(path)
  try {
    // One transaction, in memory as far as it goes. If it fails the file is thrown away. From WAL there is no way to OFF at once.
    db.exec(`
      PRAGMA journal_mode = DELETE;
      PRAGMA journal_mode = OFF;
      PRAGMA synchronous = OFF;
      PRAGMA cache_size = -${Math.floor(freemem() / 2 / 1024)};
      BEGIN`)
    await insertRegistrations(db, size, exemplars)
    await insertPending(db, size, exemplars)
    db.exec('COMMIT')
  } finally {
    db.close()
  }
}

async function insertRegistrations(
  db: DatabaseSync,
  { registrations }: FileSize,
  { registration }: Exemplars,
): Promise<void> {
  const insert = insertion(db, 'registration', registration, { recipient: ':to', token: ':token' })
  const order = shuffled(registrations)
  await inChunks(registrations, index => {
    const to = account(filled(registrations), order[index] ?? 0)
    insert.run({ to, token: tokenOf(to) })
  })
}

async function insertPending(
  db: DatabaseSync,
  { registrations, pending }: FileSize,
  { recipient, unbegun, waiting, delivery }: Exemplars,
): Promise<void> {
  const ofMessage = {
    id: ':id',
    recipient: ':to',
    dedupe_key: ':key',
    received_at: ':at',
    expires_at: `:at + ${TTL_MS}`,
  }
  const content = (exemplar: Exemplar) => `replace(${exemplar.get('content')}, '${recipient}', :to)`
  const insertUnbegun = insertion(db, 'message', unbegun, { ...ofMessage, content: content(unbegun) })
  const insertWaiting = insertion(db, 'message', waiting, { ...ofMessage, content: content(waiting) })
  const insertDelivery = insertion(db, 'delivery', delivery, {
    message_id: ':id',
    run_at: ':at',
    expires_at: `:at + ${TTL_MS}`,
  })
  const from = Date.now() - SPREAD_MS
  await inChunks(pending, index => {
    const at = from + Math.floor((index / pending) * SPREAD_MS)
    const id = lowestMessageId(at).slice(0, -12) + index.toString(16).padStart(12, '0')
    const to = scattered(filled(registrations), index)
    const message = { id, to, at, key: tokenOf(id).slice(0, keyLength(unbegun)) }
    if (index % 2 === 0) insertUnbegun.run(message)
    else {
      insertWaiting.run(message)
      insertDelivery.run({ id, at })
    }
  })
}

function keyLength(message: Exemplar): number {
  return (message.get('dedupe_key') ?? "''").length - "''".length
}

/** Inserts an exemplar, but in some columns something else. */
function insertion(
  db: DatabaseSync,
  table: string,
  exemplar: Exemplar,
  others: Readonly<Record<string, string>>,
): StatementSync {
  const values = Array.from(exemplar, ([column, literal]) => others[column] ?? literal)
  return db.prepare(`INSERT INTO ${table} (${[...exemplar.keys()].join(', ')}) VALUES (${values.join(', ')})`)
}

async function inChunks(count: number, insert: (index: number) => void): Promise<void> {
  for (let index = 0; index < count; index++) {
    insert(index)
    // An interrupt is heard only then.
    if (index % CHUNK === 0) await yieldToEvents()
  }
}

/** 0 to `count` - 1 in random order. */
function shuffled(count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index)
  for (let index = count - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1))
    const [one = 0, two = 0] = [order[index], order[other]]
    order[index] = two
    order[other] = one
  }
  return order
}

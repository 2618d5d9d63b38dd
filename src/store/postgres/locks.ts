import type { Queryable } from './connection.ts'
import { uuidOf } from './registration-rows.ts'

/** Whoever migrates holds it, for the whole session. */
export const MIGRATION_LOCK = 0x50524c59 // "PRLY" in ASCII
/** Whoever makes or drops partitions. */
export const PARTITION_LOCK = 0x50524c30

/** Whoever moves a relay into this database. */
export const MOVE_LOCK = 0x50524c33

// The first of two numbers says what is locked, so that nobody else's locks in this database are meant.
const TOKEN = 0x50524c31
const RECIPIENT = 0x50524c32
const CHANNEL = 0x50524c33

const LOCK = { name: 'lock', text: 'SELECT pg_advisory_xact_lock($1, $2)' }

/** Until the end of the transaction nobody else changes registrations of this recipient. */
export async function lockRecipient(db: Queryable, recipient: string): Promise<void> {
  await db.query(LOCK, [RECIPIENT, numberOf(recipient)])
}

/** Until the end of the transaction nobody else registers this token. Comes before the lock of a recipient. */
export async function lockToken(db: Queryable, token: string): Promise<void> {
  await db.query(LOCK, [TOKEN, numberOf(token)])
}

/** Until the end of the transaction nobody else puts devices into these channels of the ZeroPush API. Always in one order. */
export async function lockChannels(db: Queryable, channels: readonly string[]): Promise<void> {
  const numbers = new Set(channels.map(numberOf))
  for (const number of [...numbers].sort((a, b) => a - b)) await db.query(LOCK, [CHANNEL, number])
}

// Two that share a number wait for each other, and that is all.
function numberOf(text: string): number {
  return Number.parseInt(uuidOf(text).slice(0, 8), 16) | 0
}

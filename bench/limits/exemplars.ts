import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { closedLoop } from '../load/closed-loop.ts'
import { HttpConnection } from '../load/http-connection.ts'
import { Posts } from '../load/posts.ts'
import { ADMIN_TOKEN, type ProviderEnvironment, startRelay } from '../system/relay.ts'
import { account, newcomers, tokenOf } from './accounts.ts'

/** A row as SQL: its columns, each with a literal of what was in it. */
export type Exemplar = ReadonlyMap<string, string>

/** Rows that a relay has written itself. A bench that wrote its own would measure what it imagines. */
export interface Exemplars {
  recipient: string
  registration: Exemplar
  /** A message of which nobody has begun. */
  unbegun: Exemplar
  /** One that waits for its provider, and what waits. */
  waiting: Exemplar
  delivery: Exemplar
  /** For which it waits. */
  scope: string
}

/** So many at once that some of them find their provider down already. */
const MESSAGES = 50

/** Lets a relay, whose provider cannot be reached, take messages until one waits, and reads what it wrote. */
export async function readExemplars(directory: string, providers: ProviderEnvironment): Promise<Exemplars> {
  const path = join(directory, 'relay.db')
  const to = account(newcomers(1, 'exemplar'), 0)
  const relay = await startRelay(directory, providers)
  try {
    const connection = await HttpConnection.open(relay.port)
    await putDevice(connection, to)
    await closedLoop([connection], new Posts({ first: 0, limit: MESSAGES, perPost: 1, to: () => to }))
    connection.close()
    await untilOneWaits(path)
  } finally {
    await relay.stop()
  }
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    const waiting = readRow(db, 'message', 'stage = 1')
    const delivery = readRow(db, 'delivery', `message_id = ${waiting.get('id')}`)
    return {
      recipient: to,
      registration: readRow(db, 'registration', 'true'),
      unbegun: new Map([
        ...waiting,
        ['stage', '0'],
        ['lease', '0'],
        ['deliveries', 'NULL'],
        ['reason', 'NULL'],
      ]),
      waiting,
      delivery,
      scope: (delivery.get('scope') ?? '').slice(1, -1),
    }
  } finally {
    db.close()
  }
}

export async function putDevice(connection: HttpConnection, to: string): Promise<void> {
  const { status, body } = await connection.request({
    method: 'PUT',
    path: '/v1/devices/phone',
    token: ADMIN_TOKEN,
    body: JSON.stringify({ recipient: to, provider: 'apns', token: tokenOf(to) }),
  })
  if (status !== 201) throw new Error(`a phone could not be registered: ${status} ${body}`)
}

async function untilOneWaits(path: string): Promise<void> {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    const waits = db.prepare('SELECT 1 FROM delivery WHERE lease = 0')
    while (waits.get() === undefined) await sleep(20)
  } finally {
    db.close()
  }
}

function readRow(db: DatabaseSync, table: string, where: string): Exemplar {
  const columns = db
    .prepare(`PRAGMA table_info(${table})`)
    .all()
    .map(({ name }) => String(name))
  const quoted = columns.map(name => `quote(${name}) AS ${name}`).join(', ')
  const row = db.prepare(`SELECT ${quoted} FROM ${table} WHERE ${where} LIMIT 1`).get()
  if (row === undefined) throw new Error(`the relay wrote no such row: ${table} with ${where}`)
  return new Map(columns.map(name => [name, String(row[name])]))
}

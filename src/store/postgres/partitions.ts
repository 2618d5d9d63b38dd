import { DatabaseError } from 'pg'
import type { Connection, Queryable } from './connection.ts'
import { PARTITION_LOCK } from './locks.ts'
import { SCHEMA } from './schema.ts'

/** A table of traces that were settled from `from` on, and before `until`. */
interface Partition {
  name: string
  from: number
  until: number
  /** Detaching takes two steps, either of which may be the last one that a node lives to make. */
  state: 'attached' | 'detaching' | 'detached'
}

const LIST = {
  text: `
  SELECT c.relname, CASE WHEN i.inhrelid IS NULL THEN 'detached' WHEN i.inhdetachpending THEN 'detaching'
    ELSE 'attached' END
  FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND i.inhparent = '${SCHEMA}.trace'::regclass
  WHERE c.relnamespace = '${SCHEMA}'::regnamespace AND c.relkind = 'r' AND c.relname LIKE 'trace\\_%'`,
}
const NAME = /^trace_(\d+)_(\d+)$/

export interface PartitionsOptions {
  widthMs: number
  open: () => Promise<Connection>
}

/**
 * The traces' partitions. They are made ahead of time, and for whatever instant somebody settles at: a clock that is wrong must
 * not keep a message from being settled. Every node does this; a table is made, or dropped, by the first that comes.
 */
export class Partitions {
  readonly #options: PartitionsOptions
  #known: readonly Partition[] = []

  constructor(options: PartitionsOptions) {
    this.#options = options
  }

  /** Another node has dropped one that we knew. */
  forget(): void {
    this.#known = []
  }

  covers(instant: number): boolean {
    return this.#known.some(
      partition => isAttached(partition) && partition.from <= instant && instant < partition.until,
    )
  }

  /** Afterwards there is a partition for each instant. */
  async cover(instants: readonly number[]): Promise<void> {
    if (instants.every(instant => this.covers(instant))) return
    await this.#maintain(async connection => {
      for (const instant of instants) {
        if (!this.covers(instant)) await this.#create(connection, instant)
      }
    })
  }

  /** For now, and for some time ahead, so that nobody has to wait for one. */
  coverAhead(now: number): Promise<void> {
    const { widthMs } = this.#options
    return this.cover([now, now + widthMs, now + 2 * widthMs])
  }

  /** Drops those of which everything was settled before `before`, as far as nobody reads them. Answers how many. */
  async dropBefore(before: number): Promise<number> {
    if (!this.#known.some(({ until }) => until <= before)) return 0
    let dropped = 0
    await this.#maintain(async connection => {
      const due = this.#known.filter(({ until }) => until <= before)
      // While one is half detached, PostgreSQL refuses to begin with another.
      for (const partition of due.toSorted((a, b) => Number(isAttached(a)) - Number(isAttached(b)))) {
        await drop(connection, partition)
        dropped++
      }
    }).catch(error => {
      if (!isImpatience(error)) throw error
    })
    return dropped
  }

  /** One node at a time, on a connection of its own; knows afterwards what there is. */
  async #maintain(work: (connection: Connection) => Promise<void>): Promise<void> {
    const connection = await this.#options.open()
    try {
      await connection.query(BRIEFLY)
      await connection.query({ text: 'SELECT pg_advisory_lock($1)' }, [PARTITION_LOCK])
      this.#known = await list(connection)
      await work(connection)
      this.#known = await list(connection)
    } finally {
      await connection.close()
    }
  }

  async #create(connection: Connection, instant: number): Promise<void> {
    const { widthMs } = this.#options
    const start = Math.floor(instant / widthMs) * widthMs
    // Those that were made with another width stay as they are, and this one fits between them.
    const from = Math.max(start, ...this.#known.map(({ until }) => until).filter(until => until <= instant))
    const until = Math.min(
      start + widthMs,
      ...this.#known.map(other => other.from).filter(other => other > instant),
    )
    const name = `trace_${from}_${until}`
    // Attaching, unlike creating it as a partition, lets everybody go on reading and writing the others.
    await connection.query({
      text: `
      CREATE TABLE ${name} (LIKE trace INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
      ALTER TABLE trace ATTACH PARTITION ${name} FOR VALUES FROM (${from}) TO (${until})`,
    })
    this.#known = [...this.#known, { name, from, until, state: 'attached' }]
  }
}

// A commit may wait for a partition; and a node that is stopped in the middle of this must not keep all others from it.
const BRIEFLY = { text: `SET lock_timeout = '3s'; SET idle_session_timeout = '10s'` }
// Detaching concurrently holds up nobody, but waits for whoever reads, such as a backup. Then the next call goes on: nobody
// else makes or drops partitions meanwhile.
const PATIENCE = { text: `SET lock_timeout = 0; SET statement_timeout = '10s'` }

/** Others were in the way for too long: 57014 query_canceled, 55P03 lock_not_available. */
function isImpatience(error: unknown): boolean {
  return error instanceof DatabaseError && ['57014', '55P03'].includes(error.code ?? '')
}

async function drop(connection: Connection, { name, state }: Partition): Promise<void> {
  await connection.query(PATIENCE)
  if (state !== 'detached') {
    const how = state === 'attached' ? 'CONCURRENTLY' : 'FINALIZE'
    await connection.query({ text: `ALTER TABLE trace DETACH PARTITION ${name} ${how}` })
  }
  await connection.query({ text: `DROP TABLE ${name}` })
}

function isAttached({ state }: Partition): boolean {
  return state === 'attached'
}

async function list(db: Queryable): Promise<Partition[]> {
  const { rows } = await db.query(LIST)
  return rows.flatMap(([text, state]) => {
    const [name = '', from, until] = NAME.exec(String(text)) ?? []
    if (name === '') return []
    return [{ name, from: Number(from), until: Number(until), state: state as Partition['state'] }]
  })
}

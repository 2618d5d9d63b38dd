import { Client } from 'pg'

/** Room for the batches of an incarnation in the number of a lease; see src/store/postgres/lease.ts. */
const BATCHES = 2n ** 40n

const INSTALL = `
  CREATE SCHEMA witness;
  CREATE TABLE witness.in_flight (message_id uuid NOT NULL, incarnation bigint NOT NULL);
  CREATE FUNCTION witness.note() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP = 'UPDATE' AND OLD.voided_at IS NULL AND NEW.voided_at IS NOT NULL THEN
      INSERT INTO witness.in_flight
      SELECT id, NEW.id FROM push_relay.outbox
      WHERE lease >= NEW.id * ${BATCHES} AND lease < (NEW.id + 1) * ${BATCHES}
      UNION ALL SELECT message_id, NEW.id FROM push_relay.delivery
      WHERE lease >= NEW.id * ${BATCHES} AND lease < (NEW.id + 1) * ${BATCHES};
    END IF;
    PERFORM pg_notify('witness', NEW.id::text);
    RETURN NULL;
  END $$;
  CREATE TRIGGER note AFTER INSERT OR UPDATE ON push_relay.node FOR EACH ROW EXECUTE FUNCTION witness.note();`

/** The incarnations that there have been, dead and alive; and what the dead ones had begun, when they were declared so. */
export interface Incarnations {
  begun: number
  dead: number
  inFlight: number
  /** Until when all that are alive have been heard of, by the database's clock. */
  heardAt: number
}

/** Looks at the database that nodes share, from within: what is in the moment in which a node is declared dead, nobody else sees. */
export class ClusterWitness {
  readonly url: string

  constructor(url: string) {
    this.url = url
  }

  /** Once, when there are tables. */
  async install(): Promise<void> {
    await this.query(INSTALL)
  }

  async query(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return this.#connected(client => ask(client, text, values))
  }

  /** Resolves when `isSo`, which is asked whenever a node gives a sign of life, or is declared dead. */
  async until(isSo: (incarnations: Incarnations) => boolean): Promise<Incarnations> {
    return this.#connected(async client => {
      let changed = Promise.withResolvers<void>()
      client.on('notification', () => changed.resolve())
      // The next question says what is wrong.
      client.on('error', () => changed.resolve())
      await client.query('LISTEN witness')
      for (;;) {
        const incarnations = await readIncarnations(client)
        if (isSo(incarnations)) return incarnations
        await changed.promise
        changed = Promise.withResolvers()
      }
    })
  }

  incarnations(): Promise<Incarnations> {
    return this.#connected(readIncarnations)
  }

  async now(): Promise<number> {
    const [row] = await this.query('SELECT extract(epoch FROM clock_timestamp())::float8 AS now')
    return Number(row?.now)
  }

  /** Messages that somebody had leased when he was declared dead: their attempts may have been under way. */
  async inFlight(): Promise<Set<string>> {
    const rows = await this.query('SELECT message_id FROM witness.in_flight')
    return new Set(rows.map(row => String(row.message_id)))
  }

  async #connected<T>(use: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ connectionString: this.url })
    await client.connect()
    try {
      return await use(client)
    } finally {
      await client.end()
    }
  }
}

async function ask(client: Client, text: string, values: unknown[]): Promise<Record<string, unknown>[]> {
  return (await client.query(text, values)).rows
}

async function readIncarnations(client: Client): Promise<Incarnations> {
  const [row] = await ask(
    client,
    `SELECT count(*)::int AS begun, count(voided_at)::int AS dead,
      (SELECT count(*)::int FROM witness.in_flight) AS "inFlight",
      extract(epoch FROM min(heartbeat_at) FILTER (WHERE voided_at IS NULL))::float8 AS "heardAt" FROM push_relay.node`,
    [],
  )
  return row as unknown as Incarnations
}

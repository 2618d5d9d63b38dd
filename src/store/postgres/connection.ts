import { Client, type ClientConfig, DatabaseError, type Notification } from 'pg'
import { ConnectionLostError } from './failure.ts'

export interface Statement {
  text: string
  /** Prepared once per connection under this name. */
  name?: string
}

export interface Answer {
  rows: unknown[][]
  /** Of rows that were changed, or read. */
  count: number
  command: string
}

/** Anything that SQL can be asked of. Rejects with a DatabaseError when the database says no, else with ConnectionLostError. */
export interface Queryable {
  query(statement: Statement, values?: readonly unknown[]): Promise<Answer>
}

/** One connection. What is asked without waiting for the answer goes out at once, and is answered in order. */
export class Connection implements Queryable {
  readonly #client: Client
  #isOpen = true
  #onLost: (error: ConnectionLostError) => void = () => {}

  private constructor(client: Client) {
    this.#client = client
    client.on('error', error => this.#lose(toLost(error)))
    client.on('end', () => this.#lose(new ConnectionLostError('unreachable', 'connection ended')))
  }

  static async open(config: ClientConfig): Promise<Connection> {
    try {
      // Reads the files that the URL names.
      const client = new Client({ ...config, pipeline: true } as ClientConfig)
      const connection = new Connection(client)
      await client.connect()
      return connection
    } catch (error) {
      throw error instanceof DatabaseError ? error : toLost(error)
    }
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Called once, and not after `close`. */
  onLost(callback: (error: ConnectionLostError) => void): void {
    this.#onLost = callback
  }

  onNotification(callback: (notification: Notification) => void): void {
    this.#client.on('notification', callback)
  }

  async query({ text, name }: Statement, values: readonly unknown[] = []): Promise<Answer> {
    try {
      return await ask(this.#client, { text, ...(name === undefined ? {} : { name }) }, values)
    } catch (error) {
      if (error instanceof ConnectionLostError) this.#lose(error)
      throw error
    }
  }

  /** Says goodbye; never rejects. */
  async close(): Promise<void> {
    this.#onLost = () => {}
    this.#isOpen = false
    await this.#client.end().catch(() => {})
  }

  #lose(error: ConnectionLostError): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#onLost(error)
    void this.#client.end().catch(() => {})
  }
}

/** Asks a client of whatever origin, with errors of only two kinds. */
export async function ask(
  client: Pick<Client, 'query'>,
  statement: Statement,
  values: readonly unknown[],
): Promise<Answer> {
  try {
    const answer = await client.query<unknown[]>({ ...statement, values: [...values], rowMode: 'array' })
    // A script of several statements has an answer for each.
    const { rows = [], rowCount, command } = Array.isArray(answer) ? answer.at(-1) : answer
    return { rows, count: rowCount ?? 0, command }
  } catch (error) {
    throw error instanceof DatabaseError ? error : toLost(error)
  }
}

/** As the client words it, when it had asked and heard nothing; it then gives up the connection. */
const READ_TIMEOUT = 'Query read timeout'

/** Errors of the network and of the client itself: they name hosts and ports, never a password. */
export function toLost(error: unknown): ConnectionLostError {
  const { code, message } = error as { code?: unknown; message?: string }
  const text = typeof code === 'string' ? code : (message ?? 'unknown')
  return new ConnectionLostError(message === READ_TIMEOUT ? 'timeout' : 'unreachable', text)
}

import { DatabaseSync } from 'node:sqlite'

export interface MessageOnDisk {
  state: string
  /** 0: the first round is outstanding; 1: deliveries wait; 2: over. */
  stage: number
  lease: number
  /** Rows of its deliveries that wait, and how many of them are leased. */
  waiting: number
  leased: number
}

const ALL = `
  SELECT id, state, stage, message.lease AS lease,
    count(message_id) AS waiting, count(message_id) FILTER (WHERE delivery.lease > 0) AS leased
  FROM message LEFT JOIN delivery ON message_id = id GROUP BY id`

/** What a process, alive or dead, has committed. */
export class MessagesOnDisk {
  readonly #messages: ReadonlyMap<string, MessageOnDisk>

  constructor(databasePath: string) {
    const database = new DatabaseSync(databasePath, { readOnly: true })
    try {
      const rows = database.prepare(ALL).all() as unknown as ({ id: string } & MessageOnDisk)[]
      this.#messages = new Map(rows.map(({ id, ...message }) => [id, message]))
    } finally {
      database.close()
    }
  }

  idsOf(predicate: (message: MessageOnDisk) => boolean): string[] {
    return Array.from(this.#messages)
      .filter(([, message]) => predicate(message))
      .map(([id]) => id)
  }

  has(id: string): boolean {
    return this.#messages.has(id)
  }

  stateOf(id: string): string {
    return this.#messages.get(id)?.state ?? 'not on disk'
  }

  /** For a failure's message. */
  describe(id: string): string {
    const message = this.#messages.get(id)
    if (message === undefined) return `${id} is not on disk`
    const { state, stage, lease, waiting, leased } = message
    return `${id} is ${state} (stage ${stage}, lease ${lease}, deliveries waiting ${waiting}, of them leased ${leased})`
  }
}

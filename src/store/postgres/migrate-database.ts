import { Connection } from './connection.ts'
import { connectionConfig } from './connection-config.ts'
import { unusable } from './life.ts'
import { checkServer, migrate } from './migrate.ts'

/** Applies what was not yet applied, also while nodes run. Answers how many; rejects with words for the operator. */
export async function migrateDatabase(url: string): Promise<number> {
  try {
    const connection = await Connection.open(connectionConfig(url, 'maintain'))
    try {
      await checkServer(connection)
      return await migrate(connection)
    } finally {
      await connection.close()
    }
  } catch (error) {
    throw unusable(error)
  }
}

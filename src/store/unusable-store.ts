/** The database cannot be used at all. Its message is for the operator, and holds no password. */
export class UnusableStoreError extends Error {}

/** Says which setting named the database that cannot be used. */
export async function blaming<T>(setting: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof UnusableStoreError) throw new Error(`${setting}: ${error.message}`)
    throw error
  }
}

import { statSync } from 'node:fs'
import { checkFile, openForReading, RefusedError } from './open-file.ts'

export type StoreCheck = { ok: true; summary: string } | { ok: false; problem: string }

/** Reads the whole file and says whether it is sound. Changes nothing; works beside a running relay. */
export async function checkStore(path: string): Promise<StoreCheck> {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    return { ok: false, problem: `${path} does not exist` }
  }
  try {
    checkFile(path, 'full')
    return { ok: true, summary: `${path} is sound: ${countRows(path)}` }
  } catch (error) {
    if (error instanceof RefusedError) return { ok: false, problem: error.message }
    const message = error instanceof Error ? error.message : String(error)
    return { ok: false, problem: `${path} cannot be read: ${message}` }
  }
}

function countRows(path: string): string {
  const db = openForReading(path)
  try {
    const count = (table: string) => Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n)
    return `${count('message')} messages, ${count('delivery')} waiting deliveries, ${count('registration')} registrations`
  } finally {
    db.close()
  }
}

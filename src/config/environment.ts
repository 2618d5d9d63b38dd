import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { RelayEnvironment } from './reading.ts'

export interface Environment {
  /** Every RELAY_* variable as it was given; the real environment wins over `.env`, unless it is blank there. */
  relay: RelayEnvironment
  hasDotEnv: boolean
  isProduction: boolean
}

/** The only reader of process.env, and of the `.env` beside which push-relay was started. Throws a readable error. */
export function readEnvironment(directory: string = process.cwd()): Environment {
  const dotEnv = readDotEnv(join(directory, '.env'))
  // Orchestrators pass on variables that they were not given as empty ones: those hide nothing.
  const given = Object.entries(process.env).filter(([, value]) => value?.trim() !== '')
  const all = { ...dotEnv, ...Object.fromEntries(given) }
  return {
    relay: Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith('RELAY_'))),
    hasDotEnv: dotEnv !== undefined,
    isProduction: process.env.NODE_ENV === 'production',
  }
}

function readDotEnv(path: string): NodeJS.Dict<string> | undefined {
  try {
    return parseEnv(readFileSync(path, 'utf8'))
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException).code)
    if (code === 'ENOENT') return undefined
    throw new Error(`the file .env cannot be read (${code})`, { cause: error })
  }
}

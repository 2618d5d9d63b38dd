import { readFileSync, statSync } from 'node:fs'
import { systemClock } from '../domain/clock.ts'
import { bad, good, type Parsed } from './parsed.ts'

/** What readConfig needs besides variables; tests bring their own. */
export interface ConfigSources {
  /** Throws as node:fs does. */
  readFile(path: string): Buffer
  /** Instant at which certificates must be valid. */
  now(): number
}

/** No key or certificate comes near it; a wrong path to something huge must not be read. */
const LARGEST_BYTES = 1024 * 1024

export const systemSources: ConfigSources = {
  readFile(path) {
    const stats = statSync(path)
    if (!stats.isFile()) throw Object.assign(new Error('not a file'), { code: 'EISDIR' })
    if (stats.size > LARGEST_BYTES) throw Object.assign(new Error('too large'), { code: 'EFBIG' })
    return readFileSync(path)
  },
  now: () => systemClock.now(),
}

const PROBLEMS: Record<string, string> = {
  ENOENT: 'the file does not exist (relative paths start where push-relay is started)',
  ENOTDIR: 'the file does not exist (part of its path is not a directory)',
  EACCES: 'this user may not read the file',
  EISDIR: 'is not a file',
  EFBIG: 'the file is too large to be a key or certificate',
}

/** The path itself is not repeated: a key pasted into the variable would come out in the log. */
export function readKeyFile(path: string, sources: ConfigSources): Parsed<Buffer> {
  try {
    return good(sources.readFile(path))
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException).code)
    return bad(PROBLEMS[code] ?? `the file cannot be read (${code})`)
  }
}

import { readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

// As many as Linux follows.
const MAX_LINKS = 40

/**
 * The file itself, whatever link names it, also before it exists: the lock beside it must be the same one for everybody.
 * Never throws: what cannot be followed cannot be opened either, and that says why.
 */
export function resolveFile(path: string, links = MAX_LINKS): string {
  const full = resolve(path)
  const real = attempt(() => realpathSync(full))
  if (real !== undefined) return real
  const parent = dirname(full)
  if (parent === full || links === 0) return full
  const target = attempt(() => readlinkSync(full))
  if (target !== undefined) return resolveFile(resolve(parent, target), links - 1)
  return join(resolveFile(parent, links), basename(full))
}

function attempt(read: () => string): string | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

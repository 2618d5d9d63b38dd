import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const open = new Set<string>()

// Also when the bench is interrupted: its processes end with it.
process.on('exit', () => {
  for (const directory of open) remove(directory)
})

/** A directory below `parent` for as long as `use` runs. */
export async function withDirectory<T>(parent: string, use: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(parent, 'push-relay-bench-'))
  open.add(directory)
  try {
    return await use(directory)
  } finally {
    remove(directory)
    open.delete(directory)
  }
}

function remove(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 10 })
}

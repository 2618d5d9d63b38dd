import { readFile, rename, writeFile } from 'node:fs/promises'

/** What an earlier run kept; undefined when there is none, or one that cannot be used: all of it can be made again. */
export async function readKept<T>(file: string, isUsable: (kept: T) => boolean): Promise<T | undefined> {
  try {
    const kept = JSON.parse(await readFile(file, 'utf8')) as T
    return isUsable(kept) ? kept : undefined
  } catch {
    return undefined
  }
}

/** Whoever reads it finds the old one or the new one, whole. */
export async function replaceFile(file: string, content: string, mode: number): Promise<void> {
  const temporary = `${file}.new`
  await writeFile(temporary, content, { mode })
  await rename(temporary, file)
}

/** What became of a variable's text. Problems never repeat the text: it may be a secret in the wrong place. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; problems: readonly string[] }

export function good<T>(value: T): Parsed<T> {
  return { ok: true, value }
}

export function bad(...problems: string[]): { ok: false; problems: readonly string[] } {
  return { ok: false, problems }
}

/** All entries, or the problems of all of them. */
export function allGood<T>(entries: readonly Parsed<T>[]): Parsed<T[]> {
  const problems = entries.flatMap(entry => (entry.ok ? [] : entry.problems))
  if (problems.length > 0) return bad(...problems)
  return good(entries.flatMap(entry => (entry.ok ? [entry.value] : [])))
}

/** The comma-separated entries, trimmed; an empty one is a problem, because it is a slip more often than a wish. */
export function parseList<T>(
  text: string,
  parseEntry: (entry: string, position: string) => Parsed<T>,
): Parsed<T[]> {
  const entries = text.split(',').map(entry => entry.trim())
  return allGood(
    entries.map((entry, index) => {
      const position = entries.length === 1 ? '' : `entry ${index + 1}: `
      return entry === '' ? bad(`${position}is empty`) : parseEntry(entry, position)
    }),
  )
}

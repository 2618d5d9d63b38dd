const NUL = String.fromCharCode(0)

/** PostgreSQL's text cannot hold a NUL, SQLite's can: what came from elsewhere, such as a provider's reason, may have one. */
export function clean(text: string): string {
  return text.includes(NUL) ? text.replaceAll(NUL, '\ufffd') : text
}

export function cleanOrNull(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : clean(text)
}

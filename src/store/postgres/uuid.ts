const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Ids come from URLs, too: what is none is of no message, and PostgreSQL is not asked. */
export function isUuid(text: string): boolean {
  return UUID.test(text)
}

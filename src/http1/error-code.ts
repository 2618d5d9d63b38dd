/** Short name of an error for traces and logs: its code, never a message, which may hold an address. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'error'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return /^[\w-]{1,64}$/.test(code) ? code : 'error'
}

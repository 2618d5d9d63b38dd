import type { HookRequest } from './dialect.ts'

/** The `Authorization` header, whose whole value is the token in most modules, with or without `Bearer`. */
export function headerCredential({ headers }: HookRequest): string | undefined {
  const value = headers.authorization
  if (typeof value !== 'string' || value === '') return undefined
  return value.replace(/^Bearer +/i, '')
}

const TOKEN_KEY = '&access_token='

/**
 * The form field `access_token`, last and unencoded. Sender's text cannot come after it, and configured tokens hold
 * neither `&` nor `=`: so the last key in the bytes is the module's own, whatever the text says.
 */
export function suffixCredential({ raw }: HookRequest): string | undefined {
  const at = raw.lastIndexOf(TOKEN_KEY)
  return at < 0 ? undefined : raw.toString('latin1', at + TOKEN_KEY.length)
}

/** The bytes before that field, one character each; empty without it. */
export function bytesBeforeToken({ raw }: HookRequest): string {
  return raw.toString('latin1', 0, Math.max(0, raw.lastIndexOf(TOKEN_KEY)))
}

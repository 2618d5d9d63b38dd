import { createSecretKey } from 'node:crypto'
import { exportJWK, type JWTPayload, SignJWT } from 'jose'
import type { JwtKey } from '../../src/config/config.ts'

const KEY_TEXT = 'a key that the chat server and the relay share, 32 bytes or more'

export const HS256_KEY: JwtKey = await octKey(KEY_TEXT)
export const OTHER_KEY: JwtKey = await octKey('another key, of another server, that is also long enough')

export async function octKey(text: string, domain?: string, alg = 'HS256'): Promise<JwtKey> {
  return { domain, jwk: { ...(await exportJWK(createSecretKey(Buffer.from(text)))), alg } }
}

export interface TokenOptions {
  key?: JwtKey
  alg?: string
}

/** A token as the app's own server would make it: valid for an hour unless `claims` says otherwise. */
export function tokenFor(jid: unknown, claims: object = {}, options: TokenOptions = {}): Promise<string> {
  const { key = HS256_KEY, alg = key.jwk.alg } = options
  const payload = { jid, exp: inSeconds(3600), ...claims } as JWTPayload
  return new SignJWT(payload).setProtectedHeader({ alg }).sign(Buffer.from(String(key.jwk.k), 'base64url'))
}

export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds
}

/** The same claims without a signature (RFC 7519 §6), which nobody may accept. */
export function unsigned(jid: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none' })}.${part({ jid, exp: inSeconds(3600) })}.`
}

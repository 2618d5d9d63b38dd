import { randomBytes } from 'node:crypto'
import type { Clock } from '../../domain/clock.ts'
import type { GoogleError } from './google-error.ts'

/** Which access tokens are good. */
export interface GrantedTokens {
  grant(): { accessToken: string; expiresInSeconds: number }
  /** Undefined when the authorization header is good. */
  check(authorization: string | undefined): GoogleError | undefined
  /** Those that were granted so far are good no longer. */
  revokeAll(): void
}

const MAX_TOKENS = 10_000

export function createGrantedTokens(clock: Pick<Clock, 'now'>, lifetimeSeconds: number): GrantedTokens {
  const expiresAt = new Map<string, number>()
  return {
    grant() {
      const accessToken = `ya29.${randomBytes(96).toString('base64url')}`
      expiresAt.set(accessToken, clock.now() + lifetimeSeconds * 1000)
      const oldest = expiresAt.keys().next()
      if (expiresAt.size > MAX_TOKENS && !oldest.done) expiresAt.delete(oldest.value)
      return { accessToken, expiresInSeconds: lifetimeSeconds }
    },
    check(authorization) {
      const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1]
      if (token === undefined) return unauthenticated('CREDENTIALS_MISSING')
      const until = expiresAt.get(token)
      return until !== undefined && until > clock.now() ? undefined : unauthenticated('ACCESS_TOKEN_EXPIRED')
    },
    revokeAll: () => expiresAt.clear(),
  }
}

/** olucurious/PyFCM issue 334. */
function unauthenticated(reason: string): GoogleError {
  const message = 'Request had invalid authentication credentials. Expected OAuth 2 access token.'
  return { status: 401, word: 'UNAUTHENTICATED', message, reason }
}

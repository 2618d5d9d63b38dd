import { importJWK, type JWTPayload, errors as joseErrors, jwtVerify } from 'jose'
import type { JwtConfig, JwtKey } from '../config/config.ts'
import type { Clock } from '../domain/clock.ts'
import { parseAccountJid } from '../domain/jid.ts'

/** The recipient for whom a JWT speaks, as a normalised bare JID; undefined: it proves nothing. */
export type VerifyRecipientToken = (token: string) => Promise<string | undefined>

type ImportedKey = { domain: string | undefined; alg: string; key: Awaited<ReturnType<typeof importJWK>> }

/**
 * Verifies the JWT with which the app also logs in to ejabberd, and is strict where ejabberd is lax: the algorithm is the
 * key's own whatever the header says, `exp` must be a number, `nbf` counts. No clock tolerance, as in ejabberd: a token
 * that one of the two refuses must not work with the other.
 */
export async function createRecipientTokenVerifier(
  config: JwtConfig | undefined,
  clock: Pick<Clock, 'now'>,
): Promise<VerifyRecipientToken> {
  if (config === undefined) return async () => undefined
  const keys = await Promise.all(config.keys.map(importKey))
  return async token => {
    for (const key of keys) {
      // Before the signature is good no claim is looked at: normalising a JID can cost more than verifying.
      const payload = await verified(key, token, clock)
      const claimed = payload === undefined ? undefined : jidOf(payload, config.jidClaim)
      if (claimed !== undefined && speaksFor(key, claimed.domain)) return claimed.jid
    }
    return undefined
  }
}

function speaksFor(key: ImportedKey, domain: string): boolean {
  return key.domain === undefined || key.domain === domain
}

async function importKey({ domain, jwk }: JwtKey): Promise<ImportedKey> {
  return { domain, alg: jwk.alg, key: await importJWK(jwk, jwk.alg) }
}

function jidOf(payload: JWTPayload, claim: string): { jid: string; domain: string } | undefined {
  const text = payload[claim]
  const parsed = typeof text === 'string' ? parseAccountJid(text) : undefined
  return parsed?.ok ? parsed : undefined
}

async function verified(
  key: ImportedKey,
  token: string,
  clock: Pick<Clock, 'now'>,
): Promise<JWTPayload | undefined> {
  try {
    const { payload } = await jwtVerify(token, key.key, {
      algorithms: [key.alg],
      requiredClaims: ['exp'],
      currentDate: new Date(clock.now()),
    })
    return payload
  } catch (error) {
    // A key of a wrong kind is a bug or a configuration error, and must not look like a wrong token.
    if (error instanceof joseErrors.JOSEError) return undefined
    throw error
  }
}

import { importJWK, type JWTPayload, errors as joseErrors, jwtVerify } from 'jose'
import type { JwtConfig, JwtKey } from '../config/config.ts'
import type { Clock } from '../domain/clock.ts'
import { parseAccountJid } from '../domain/jid.ts'
import type { CredentialProblem } from '../telemetry/events.ts'

/**
 * The recipient for whom a JWT speaks, as a normalised bare JID; or why it proves nothing. A hint is for its bearer, and only
 * where the signature was good.
 */
export type VerifiedToken =
  | { recipient: string; problem?: never; hint?: never }
  | { recipient?: never; problem: CredentialProblem; hint?: string }

export type VerifyRecipientToken = (token: string) => Promise<VerifiedToken>

type Refused = Extract<VerifiedToken, { problem: CredentialProblem }>
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
  if (config === undefined) return async () => ({ problem: 'jwt-not-configured' })
  const keys = await Promise.all(config.keys.map(importKey))
  return async token => {
    if (token.split('.').length !== JWS_PARTS) return { problem: 'unknown-token' }
    const refusals: Refused[] = []
    for (const key of keys) {
      // Before the signature is good no claim is looked at: normalising a JID can cost more than verifying.
      const verdict = await verified(key, token, clock)
      const result = 'problem' in verdict ? verdict : recipientIn(verdict.claims, key, config.jidClaim)
      if (result.recipient !== undefined) return result
      refusals.push(result)
    }
    return tellingMost(refusals)
  }
}

/** What a key that signed it says of it matters more than what the others do. */
function tellingMost(refusals: readonly Refused[]): Refused {
  return refusals.find(({ hint }) => hint !== undefined) ?? refusals.at(-1) ?? { problem: 'jwt-malformed' }
}

/** https://www.rfc-editor.org/rfc/rfc7515#section-7.1 */
const JWS_PARTS = 3
const HINTS = {
  'jwt-expired': 'the JWT has expired',
  'jwt-no-exp': 'the JWT needs exp, a number',
  'jwt-not-yet-valid': 'the JWT is not valid yet, or its nbf is no number',
  'jwt-claim': 'the claim of the JWT that names the recipient is no JID of an account',
  'jwt-domain': 'the key of this JWT speaks for another domain',
} as const satisfies Partial<Record<CredentialProblem, string>>

function signedBut(problem: keyof typeof HINTS): Refused {
  return { problem, hint: HINTS[problem] }
}

function recipientIn(claims: JWTPayload, key: ImportedKey, claim: string): VerifiedToken {
  const claimed = jidOf(claims, claim)
  if (claimed === undefined) return signedBut('jwt-claim')
  return speaksFor(key, claimed.domain) ? { recipient: claimed.jid } : signedBut('jwt-domain')
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
): Promise<{ claims: JWTPayload } | Refused> {
  try {
    const { payload } = await jwtVerify(token, key.key, {
      algorithms: [key.alg],
      requiredClaims: ['exp'],
      currentDate: new Date(clock.now()),
    })
    return { claims: payload }
  } catch (error) {
    // A key of a wrong kind is a bug or a configuration error, and must not look like a wrong token.
    if (error instanceof joseErrors.JOSEError) return refusedBecause(error)
    throw error
  }
}

// jose looks at the claims only once the signature is good.
function refusedBecause(error: joseErrors.JOSEError): Refused {
  if (error instanceof joseErrors.JWTExpired) return signedBut('jwt-expired')
  if (error instanceof joseErrors.JWTClaimValidationFailed) {
    return signedBut(error.claim === 'nbf' ? 'jwt-not-yet-valid' : 'jwt-no-exp')
  }
  if (error instanceof joseErrors.JOSEAlgNotAllowed) return { problem: 'jwt-algorithm' }
  if (error instanceof joseErrors.JWSSignatureVerificationFailed) return { problem: 'jwt-signature' }
  return { problem: 'jwt-malformed' }
}

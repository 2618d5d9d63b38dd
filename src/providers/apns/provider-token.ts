import { createPrivateKey, hash, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import type { Clock } from '../../domain/clock.ts'
import type { SecretStore } from '../provider-definition.ts'

const MINUTE_MS = 60_000
/** Apple refuses a token after 60 minutes and one that changes more often than every 20 (TOKEN page). */
const RENEW_AFTER_MS = 50 * MINUTE_MS
const LEAST_AGE_MS = 20 * MINUTE_MS

export interface TokenCredentials {
  keyId: string
  teamId: string
  /** PKCS#8 PEM, P-256. */
  privateKey: string
}

interface ProviderToken {
  jwt: string
  issuedAt: number
}

/**
 * Apple's provider token: one per key, aged from its own issue time, kept over restarts, so that a crash loop or a second
 * process never signs more often than Apple allows.
 */
export class ProviderTokenSource {
  readonly #credentials: TokenCredentials
  readonly #key: KeyObject
  readonly #secrets: SecretStore
  readonly #clock: Pick<Clock, 'now'>
  readonly #name: string
  #token: ProviderToken | undefined
  #pending: Promise<string> | undefined

  constructor(credentials: TokenCredentials, secrets: SecretStore, clock: Pick<Clock, 'now'>) {
    this.#credentials = credentials
    this.#key = createPrivateKey(credentials.privateKey)
    this.#secrets = secrets
    this.#clock = clock
    // Another key under the same id must not inherit a token that it did not sign.
    const fingerprint = hash('sha256', credentials.privateKey.trim()).slice(0, 16)
    this.#name = `apns-provider-token/${credentials.teamId}/${credentials.keyId}/${fingerprint}`
  }

  /** The present token; a promise only when it must be loaded or signed. */
  current(): string | Promise<string> {
    if (this.#token && this.#ageOf(this.#token) < RENEW_AFTER_MS) return this.#token.jwt
    return this.#renewOnce()
  }

  /**
   * Apple called `jwt` expired. True when a fresh one will be used from now on; false when it is so young that our clock
   * must be wrong and signing again would only earn TooManyProviderTokenUpdates.
   */
  renewExpired(jwt: string): boolean {
    if (this.#token?.jwt !== jwt) return true
    if (this.#ageOf(this.#token) < LEAST_AGE_MS) return false
    this.#token = undefined
    this.#pending ??= this.#sign().finally(() => {
      this.#pending = undefined
    })
    return true
  }

  #ageOf(token: ProviderToken): number {
    return Math.abs(this.#clock.now() - token.issuedAt)
  }

  #renewOnce(): Promise<string> {
    this.#pending ??= this.#renew().finally(() => {
      this.#pending = undefined
    })
    return this.#pending
  }

  async #renew(): Promise<string> {
    const kept = parseToken(await this.#secrets.secret(this.#name).catch(() => undefined))
    if (kept && this.#ageOf(kept) < RENEW_AFTER_MS && kept.jwt !== this.#token?.jwt) {
      this.#token = kept
      return kept.jwt
    }
    return this.#sign()
  }

  async #sign(): Promise<string> {
    const { keyId, teamId } = this.#credentials
    const issuedAt = this.#clock.now()
    const jwt = await new SignJWT()
      .setProtectedHeader({ alg: 'ES256', kid: keyId })
      .setIssuer(teamId)
      .setIssuedAt(Math.floor(issuedAt / 1000))
      .sign(this.#key)
    this.#token = { jwt, issuedAt }
    // A store that cannot write now must not stop the pushes; at worst the next start signs again.
    await this.#secrets.saveSecret(this.#name, JSON.stringify(this.#token)).catch(() => {})
    return jwt
  }
}

function parseToken(text: string | undefined): ProviderToken | undefined {
  if (text === undefined) return undefined
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null || !('jwt' in value) || !('issuedAt' in value))
    return undefined
  const { jwt, issuedAt } = value
  return typeof jwt === 'string' && typeof issuedAt === 'number' ? { jwt, issuedAt } : undefined
}

/** Undefined for what is not JSON: a kept token that is damaged is signed anew. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

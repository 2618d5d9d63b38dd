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
 * Apple's provider token: one per key, aged from its own issue time, kept over restarts and shared by all nodes, so that neither
 * a crash loop nor a second node signs more often than Apple allows.
 */
export class ProviderTokenSource {
  readonly #credentials: TokenCredentials
  readonly #key: KeyObject
  readonly #secrets: SecretStore
  readonly #clock: Pick<Clock, 'now'>
  readonly #name: string
  #token: ProviderToken | undefined
  /** Apple does not take it any more, however young it may look. */
  #expired: string | undefined
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
    this.#expired = jwt
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

  /** The one that is kept, else a new one in its place: of nodes that sign at the same time one is first, and all use its token. */
  async #renew(): Promise<string> {
    for (;;) {
      // null: the store cannot tell.
      const text = await this.#secrets.secret(this.#name).catch(() => null)
      const kept = parseToken(text)
      if (kept && this.#isGood(kept)) return this.#use(kept)
      const made = await this.#sign()
      if (text === null || (await this.#keep(text, made))) return this.#use(made)
    }
  }

  /** False when another node was quicker. A store that cannot write must not stop the pushes: at worst others sign, too. */
  #keep(former: string | undefined, token: ProviderToken): Promise<boolean> {
    return this.#secrets.replaceSecret(this.#name, former, JSON.stringify(token)).catch(() => true)
  }

  #use(token: ProviderToken): string {
    this.#token = token
    return token.jwt
  }

  #isGood(token: ProviderToken): boolean {
    return this.#ageOf(token) < RENEW_AFTER_MS && token.jwt !== this.#expired
  }

  async #sign(): Promise<ProviderToken> {
    const { keyId, teamId } = this.#credentials
    const issuedAt = this.#clock.now()
    const jwt = await new SignJWT()
      .setProtectedHeader({ alg: 'ES256', kid: keyId })
      .setIssuer(teamId)
      .setIssuedAt(Math.floor(issuedAt / 1000))
      .sign(this.#key)
    return { jwt, issuedAt }
  }
}

function parseToken(text: string | null | undefined): ProviderToken | undefined {
  const value = parseJson(text ?? '')
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

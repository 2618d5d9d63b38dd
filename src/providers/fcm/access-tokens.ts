import { hash } from 'node:crypto'
import type { Clock } from '../../domain/clock.ts'
import type { SecretStore } from '../provider-definition.ts'
import type { ServiceAccount } from './service-account.ts'
import type { AccessToken, FetchToken, TokenFailure } from './token-endpoint.ts'

export interface AccessTokenOptions {
  account: ServiceAccount
  fetchToken: FetchToken
  secrets: SecretStore
  clock: Pick<Clock, 'now' | 'monotonic'>
}

/** The value for the authorization header, or why there is none. */
export type Access = { ok: true; accessToken: string } | { ok: false; failure: TokenFailure }

const SECOND = 1000
const MINUTE = 60 * SECOND
/** Left of a token when the next one is fetched, while pushes go on with it. */
const EARLY_MS = 5 * MINUTE
/** With less it could expire on the way. */
const LEAST_LEFT_MS = 10 * SECOND
/** A token from a future further away was fetched under another clock: nobody knows how old it is. */
const CLOCK_TOLERANCE_MS = 5 * MINUTE
/** Google may give the same token again, and may be down: no more early attempts than that. */
const EARLY_PAUSE_MS = 30 * SECOND
/** One that is refused so young was never good, and the next one would not be better. */
const LEAST_AGE_MS = MINUTE

/**
 * The access token of one service account: fetched once for all who wait for it, renewed early in the background, kept
 * over restarts.
 */
export class AccessTokens {
  readonly #options: AccessTokenOptions
  readonly #name: string
  #token: AccessToken | undefined
  #refused: string | undefined
  #pending: Promise<Access> | undefined
  #earlyFrom = 0

  constructor(options: AccessTokenOptions) {
    this.#options = options
    const { projectId, clientEmail, privateKey, tokenUri } = options.account
    // Another key, account or endpoint must not inherit a token that was not given to it.
    const fingerprint = hash('sha256', JSON.stringify([clientEmail, privateKey, tokenUri])).slice(0, 16)
    this.#name = `fcm-access-token/${projectId}/${fingerprint}`
  }

  /** A promise only when pushes cannot go on without a new one. */
  current(): Access | Promise<Access> {
    const token = this.#token
    if (token === undefined || !this.#isGood(token)) return this.#renew()
    if (this.#isOld(token)) this.#renewEarly()
    return { ok: true, accessToken: token.value }
  }

  /**
   * Google does not know `accessToken` (any more). True when another one will be used from now on; false when it is so
   * young that another one would fare no better.
   */
  renewRefused(accessToken: string): boolean {
    if (this.#token?.value !== accessToken) return true
    if (Math.abs(this.#options.clock.now() - this.#token.obtainedAt) < LEAST_AGE_MS) return false
    this.#refused = accessToken
    this.#token = undefined
    return true
  }

  /** Waits for what is under way. */
  async settled(): Promise<void> {
    await this.#pending
  }

  #isGood({ obtainedAt, expiresAt }: AccessToken): boolean {
    const now = this.#options.clock.now()
    return now < expiresAt - LEAST_LEFT_MS && now > obtainedAt - CLOCK_TOLERANCE_MS
  }

  #isOld({ expiresAt }: AccessToken): boolean {
    return this.#options.clock.now() > expiresAt - EARLY_MS
  }

  #renewEarly(): void {
    const { clock } = this.#options
    if (clock.monotonic() < this.#earlyFrom) return
    this.#earlyFrom = clock.monotonic() + EARLY_PAUSE_MS
    // What fails early is tried again, and told once nothing goes on without it.
    this.#renew().catch(() => {})
  }

  #renew(): Promise<Access> {
    this.#pending ??= this.#loadOrFetch().finally(() => {
      this.#pending = undefined
    })
    return this.#pending
  }

  async #loadOrFetch(): Promise<Access> {
    const { secrets, fetchToken } = this.#options
    const kept = parseToken(await secrets.secret(this.#name).catch(() => undefined))
    if (kept && kept.value !== this.#refused && this.#isGood(kept) && !this.#isOld(kept))
      return this.#use(kept)
    const answer = await fetchToken()
    if (!answer.ok) return answer
    const access = this.#use(answer.token)
    // A store that cannot write now must not stop the pushes; at worst the next start fetches again.
    await secrets.saveSecret(this.#name, JSON.stringify(answer.token)).catch(() => {})
    return access
  }

  #use(token: AccessToken): Access {
    this.#token = token
    return { ok: true, accessToken: token.value }
  }
}

/** Undefined for what is damaged: the token is fetched anew. */
function parseToken(text: string | undefined): AccessToken | undefined {
  try {
    const { value, obtainedAt, expiresAt } = JSON.parse(text ?? '{}') as Partial<AccessToken>
    const isToken = [typeof value, typeof obtainedAt, typeof expiresAt].join() === 'string,number,number'
    return isToken ? ({ value, obtainedAt, expiresAt } as AccessToken) : undefined
  } catch {
    return undefined
  }
}

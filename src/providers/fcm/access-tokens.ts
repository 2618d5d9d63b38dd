import { hash } from 'node:crypto'
import type { Clock } from '../../domain/clock.ts'
import type { SecretStore } from '../provider-definition.ts'
import type { ServiceAccount } from './service-account.ts'
import { type Seen, SharedAccessToken } from './shared-access-token.ts'
import type { AccessToken, FetchToken, TokenFailure } from './token-endpoint.ts'

export interface AccessTokenOptions {
  account: ServiceAccount
  fetchToken: FetchToken
  secrets: SecretStore
  clock: Pick<Clock, 'now' | 'monotonic' | 'after'>
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
/** How often is looked for what another node fetches. */
const LOOK_AGAIN_MS = 500

/**
 * The access token of one service account: fetched once for all who wait for it, renewed early in the background, kept
 * over restarts and shared by all nodes.
 */
export class AccessTokens {
  readonly #options: AccessTokenOptions
  readonly #shared: SharedAccessToken
  #token: AccessToken | undefined
  #refused: string | undefined
  #pending: Promise<Access> | undefined
  #earlyFrom = 0
  #isClosed = false
  #endWait: () => void = () => {}

  constructor(options: AccessTokenOptions) {
    this.#options = options
    const { projectId, clientEmail, privateKey, tokenUri } = options.account
    // Another key, account or endpoint must not inherit a token that was not given to it.
    const fingerprint = hash('sha256', JSON.stringify([clientEmail, privateKey, tokenUri])).slice(0, 16)
    const name = `fcm-access-token/${projectId}/${fingerprint}`
    this.#shared = new SharedAccessToken(name, options.secrets, options.clock)
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

  /** Waits for what we have asked for, not for another node. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#endWait()
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

  /** Of nodes that want one at the same time, one fetches it; the others wait for it, or go on with the one there is. */
  async #loadOrFetch(): Promise<Access> {
    while (!this.#isClosed) {
      const seen = await this.#shared.read()
      if (this.#isEnough(seen)) return this.#use(seen.token)
      if (seen.isClaimed) await this.#wait()
      else if (await this.#shared.claim(seen)) return this.#fetch()
    }
    return { ok: false, failure: { kind: 'unavailable', reason: 'closing' } }
  }

  /** One that will end soon does while another node is fetching the next. */
  #isEnough(seen: Seen): seen is Seen & { token: AccessToken } {
    const { token, isClaimed } = seen
    if (token === undefined || token.value === this.#refused || !this.#isGood(token)) return false
    return isClaimed || !this.#isOld(token)
  }

  async #fetch(): Promise<Access> {
    const answer = await this.#options.fetchToken()
    const access = answer.ok ? this.#use(answer.token) : answer
    await this.#shared.put(answer.ok ? answer.token : undefined)
    return access
  }

  #wait(): Promise<void> {
    return new Promise(resolve => {
      const cancel = this.#options.clock.after(LOOK_AGAIN_MS, resolve)
      this.#endWait = () => {
        cancel()
        resolve()
      }
    })
  }

  #use(token: AccessToken): Access & { ok: true } {
    this.#token = token
    return { ok: true, accessToken: token.value }
  }
}

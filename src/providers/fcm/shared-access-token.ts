import { randomUUID } from 'node:crypto'
import type { Clock } from '../../domain/clock.ts'
import type { SecretStore } from '../provider-definition.ts'
import type { AccessToken } from './token-endpoint.ts'

/** Longer than connecting to Google and hearing from it may take: a node that died while it fetched is waited for no longer. */
const CLAIM_MS = 20_000

/** As it was read. */
export interface Seen {
  token: AccessToken | undefined
  /** Another node is fetching the next one. */
  isClaimed: boolean
  /** null: the store cannot tell. */
  text: string | undefined | null
}

interface Kept extends Partial<AccessToken> {
  claim?: { until: number; by: string }
}

/** What all nodes share of an account's access token: the token, and that somebody is fetching the next one. */
export class SharedAccessToken {
  readonly #name: string
  readonly #secrets: SecretStore
  readonly #clock: Pick<Clock, 'now'>
  /** What is kept while we fetch. */
  #claimed: string | undefined

  constructor(name: string, secrets: SecretStore, clock: Pick<Clock, 'now'>) {
    this.#name = name
    this.#secrets = secrets
    this.#clock = clock
  }

  async read(): Promise<Seen> {
    const text = await this.#secrets.secret(this.#name).catch(() => null)
    const kept = parseKept(text)
    return { token: tokenOf(kept), isClaimed: this.#isRunning(kept), text }
  }

  /** False when another node was quicker. A store that cannot write must not stop the pushes: then others may fetch, too. */
  async claim({ text, token }: Seen): Promise<boolean> {
    if (text === null) return true
    const claim = { until: this.#clock.now() + CLAIM_MS, by: randomUUID() }
    const claimed = JSON.stringify({ ...token, claim })
    const isOurs = await this.#secrets.replaceSecret(this.#name, text, claimed).catch(() => undefined)
    this.#claimed = isOurs ? claimed : undefined
    return isOurs !== false
  }

  /** Ends the claim, with the token that we have fetched, or as it was before. */
  async put(token: AccessToken | undefined): Promise<void> {
    const claimed = this.#claimed
    this.#claimed = undefined
    if (claimed === undefined) return
    const text = JSON.stringify(token ?? tokenOf(parseKept(claimed)) ?? {})
    // At worst the next one who wants it waits for the claim to end, and fetches again.
    await this.#secrets.replaceSecret(this.#name, claimed, text).catch(() => {})
  }

  /** A claim that ends later than ours would was made under another clock. */
  #isRunning({ claim }: Kept): boolean {
    const leftMs = typeof claim?.until === 'number' ? claim.until - this.#clock.now() : 0
    return leftMs > 0 && leftMs <= CLAIM_MS
  }
}

/** Nothing of what is damaged: the token is fetched anew. */
function parseKept(text: string | undefined | null): Kept {
  try {
    const value: unknown = JSON.parse(text ?? '{}')
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

function tokenOf({ value, obtainedAt, expiresAt }: Kept): AccessToken | undefined {
  const isToken = [typeof value, typeof obtainedAt, typeof expiresAt].join() === 'string,number,number'
  return isToken ? ({ value, obtainedAt, expiresAt } as AccessToken) : undefined
}

import { hash, timingSafeEqual } from 'node:crypto'
import type { Config } from '../config/config.ts'

/** What a caller may do. Found once per request, from its credential alone. */
export type Grant =
  | {
      kind: 'hook' /** Normalised recipient domains; undefined: all. */
      domains: readonly string[] | undefined
    }
  | { kind: 'admin' }
  | { kind: 'recipient' /** Normalised bare JID. */; recipient: string }

/** Of a configured token. */
export type TokenGrant = Exclude<Grant, { kind: 'recipient' }>

/** Finds the grant of a configured token. */
export interface Credentials {
  find(presented: string): TokenGrant | undefined
}

export function createCredentials(config: Pick<Config, 'hookTokens' | 'adminTokens'>): Credentials {
  const find = createTokenFinder<TokenGrant>([
    ...config.hookTokens.map(({ token, domains }) => [token, { kind: 'hook', domains }] as const),
    ...config.adminTokens.map(token => [token, { kind: 'admin' }] as const),
  ])
  return { find }
}

/**
 * Compares digests, and always with every entry: the time taken tells neither how much of a token was right, nor how
 * long it is, nor where it stands in the list.
 */
export function createTokenFinder<G>(
  tokens: readonly (readonly [token: string, grant: G])[],
): (presented: string) => G | undefined {
  const entries = tokens.map(([token, grant]) => ({ digest: digestOf(token), grant }))
  return presented => {
    const digest = digestOf(presented)
    let found: G | undefined
    for (const candidate of entries) {
      if (timingSafeEqual(candidate.digest, digest)) found = candidate.grant
    }
    return found
  }
}

/** Whether a grant covers a recipient's domain. */
export function coversDomain(grant: Grant | undefined, domain: string): boolean {
  return grant?.kind === 'hook' && (grant.domains === undefined || grant.domains.includes(domain))
}

/** Stricter, for what cannot be taken back: a token for all domains is bound to none. */
export function isBoundTo(grant: Grant | undefined, domain: string): boolean {
  return grant?.kind === 'hook' && grant.domains?.includes(domain) === true
}

function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer')
}

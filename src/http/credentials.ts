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

interface Entry {
  digest: Buffer
  grant: TokenGrant
}

/** Finds the grant of a configured token. */
export interface Credentials {
  find(presented: string): TokenGrant | undefined
}

/**
 * Compares digests, and always with every entry: the time taken tells neither how much of a token was right, nor how
 * long it is, nor where it stands in the list.
 */
export function createCredentials(config: Pick<Config, 'hookTokens' | 'adminTokens'>): Credentials {
  const entries: Entry[] = [
    ...config.hookTokens.map(({ token, domains }) => entry(token, { kind: 'hook', domains })),
    ...config.adminTokens.map(token => entry(token, { kind: 'admin' })),
  ]
  return {
    find(presented) {
      const digest = digestOf(presented)
      let found: TokenGrant | undefined
      for (const candidate of entries) {
        if (timingSafeEqual(candidate.digest, digest)) found = candidate.grant
      }
      return found
    },
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

function entry(token: string, grant: TokenGrant): Entry {
  return { digest: digestOf(token), grant }
}

function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer')
}

import type { Credentials, TokenGrant } from './credentials.ts'
import { type FindGrant, type Refusal, refused } from './plugins/authentication.ts'
import type { VerifyRecipientToken } from './recipient-token.ts'

type TokenKind = TokenGrant['kind']

const NAMES = { hook: 'a hook token', admin: 'an admin token' } as const satisfies Record<TokenKind, string>

/** Finds a configured token of this kind. To one that is valid, but of the other kind, it says so: that tells no stranger anything. */
export function findToken<K extends TokenKind>(
  credentials: Credentials,
  kind: K,
): (presented: string) => Extract<TokenGrant, { kind: K }> | Refusal {
  const isWanted = (grant: TokenGrant): grant is Extract<TokenGrant, { kind: K }> => grant.kind === kind
  return presented => {
    const grant = credentials.find(presented)
    if (grant === undefined) return refused('unknown-token')
    return isWanted(grant) ? grant : ofOtherKind(grant, NAMES[kind])
  }
}

export function findAnyToken(credentials: Credentials): FindGrant {
  return async presented => credentials.find(presented) ?? refused('unknown-token')
}

/** The JWT of a recipient, or an admin token in its place. */
export function findRecipient(credentials: Credentials, verify: VerifyRecipientToken): FindGrant {
  return async presented => {
    const grant = credentials.find(presented)
    if (grant?.kind === 'admin') return grant
    if (grant !== undefined) return ofOtherKind(grant, `the recipient's JWT or ${NAMES.admin}`)
    const { recipient, problem, hint } = await verify(presented)
    return recipient === undefined ? refused(problem, hint) : { kind: 'recipient', recipient }
  }
}

function ofOtherKind({ kind }: TokenGrant, wanted: string): Refusal {
  return refused('token-of-other-kind', `this is ${NAMES[kind]}, and this route wants ${wanted}`)
}

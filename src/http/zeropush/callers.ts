import type { Config } from '../../config/config.ts'
import { createTokenFinder } from '../credentials.ts'
import { type Refusal, refused } from '../plugins/authentication.ts'
import type { VerifyRecipientToken } from '../recipient-token.ts'

/** Who calls, by what its credential says alone. */
export type Caller =
  | { role: 'server' | 'app' /** For devices that it registers. */; environment: string | undefined }
  /** With the JWT of an account. */
  | { role: 'recipient'; recipient: string }

export type Role = Caller['role']

export type FindCaller = (presented: readonly string[]) => Promise<Caller | Refusal>

/** Whoever says a credential in several places says the same one. */
export function createFindCaller(config: Config['zeropush'], verify: VerifyRecipientToken): FindCaller {
  const { serverTokens = [], appTokens = [] } = config ?? {}
  const callerWith = (role: 'server' | 'app') => (token: string) =>
    [token, { role, environment: environmentIn(token) }] as const
  const find = createTokenFinder<Caller>([
    ...serverTokens.map(callerWith('server')),
    ...appTokens.map(callerWith('app')),
  ])
  return async presented => {
    const [token, ...others] = new Set(presented)
    if (token === undefined) return refused('no-credential')
    if (others.length > 0) return refused('header-and-body-disagree')
    const caller = find(token)
    if (caller !== undefined) return caller
    const { recipient, problem, hint } = await verify(token)
    return recipient === undefined ? refused(problem, hint) : { role: 'recipient', recipient }
  }
}

/** The service's tokens began with platform and environment: `iosprod_…`, `iosdev_…`. */
function environmentIn(token: string): string | undefined {
  const [, kind] = /^[a-z]{2,16}(dev|prod)_/.exec(token) ?? []
  if (kind === undefined) return undefined
  return kind === 'dev' ? 'sandbox' : 'production'
}

/** The token of `Token token="…"` (Rails), also without the quotes or the name, or of `Bearer …`. Undefined: it is neither. */
export function tokenInHeader(header: string): string | undefined {
  const [, scheme = '', rest = ''] = /^(token|bearer)\s+(.*)$/i.exec(header.trim()) ?? []
  if (scheme.toLowerCase() === 'bearer') return rest === '' ? undefined : rest
  const [, quoted, plain] = /^(?:token\s*=\s*)?(?:"([^"]*)"|([^",;\s]+))/.exec(rest) ?? []
  return (quoted ?? plain) || undefined
}

import type { Parameters } from './parameters.ts'

export type TokenKind = 'server_token' | 'app_token'

export interface Credentials {
  serverTokens: readonly string[]
  appTokens: readonly string[]
}

/** Rails writes `Token token="…"`; some clients leave out the quotes, or the name. */
const HEADER = /^Token +(?:token=)?(?:"([^"]*)"|([^",\s]+))\s*$/i

/** What the token of a call may do, wherever it stands; undefined when there is none, or a wrong one. */
export function kindOfToken(
  header: string | undefined,
  parameters: Parameters,
  { serverTokens, appTokens }: Credentials,
): TokenKind | undefined {
  const [, quoted, bare] = HEADER.exec(header ?? '') ?? []
  const token = quoted ?? bare ?? parameters.auth_token
  if (typeof token !== 'string') return undefined
  if (serverTokens.includes(token)) return 'server_token'
  return appTokens.includes(token) ? 'app_token' : undefined
}

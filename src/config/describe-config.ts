import { hash } from 'node:crypto'
import { tokenHash } from '../domain/registration.ts'
import type { ConfigurableProvider } from './all-variables.ts'
import type { Config, JwtKey } from './config.ts'
import { NOT_SET } from './described.ts'
import { describeStoreLocation } from './store-location.ts'
import { VARIABLES, type VariableKey } from './variables.ts'

const MS_PER_UNIT = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** What each variable came to. Of a secret only its kind and a short hash: enough to compare two machines. */
const DESCRIPTIONS: Record<VariableKey, (config: Config) => string> = {
  host: config => config.host,
  port: config => String(config.port),
  trustProxy: config => String(config.trustProxy),
  corsOrigins: config => config.corsOrigins.join(',') || NOT_SET,
  logLevel: config => config.logLevel,
  hookTokens: config =>
    describeTokens(
      config.hookTokens.map(({ token, domains }) => [token, domains?.join('|') ?? 'every domain']),
    ),
  adminTokens: config => describeTokens(config.adminTokens.map(token => [token])),
  zeropushServerTokens: config =>
    config.zeropush === undefined
      ? `${NOT_SET}: the ZeroPush API is off`
      : describeTokens(config.zeropush.serverTokens.map(token => [token])),
  zeropushAppTokens: config =>
    config.zeropush?.appTokens.length
      ? describeTokens(config.zeropush.appTokens.map(token => [token]))
      : NOT_SET,
  jwtKeyFile: config => config.jwt?.keys.map(describeJwtKey).join(', ') ?? `${NOT_SET}: only admins register`,
  jwtJidClaim: config => config.jwt?.jidClaim ?? VARIABLES.jwtJidClaim.default,
  xmppDomain: config => config.xmppDomain ?? NOT_SET,
  store: config => describeStoreLocation(config.store),
  role: config => config.role,
  messageTtl: config => describeDuration(config.messageTtlMs),
  traceRetention: config => describeDuration(config.traceRetentionMs),
  dedupeWindow: config => describeDuration(config.dedupeWindowMs),
  preview: config => config.preview,
  previewText: config => config.previewText,
  maxDevices: config => String(config.maxDevices),
  simulatorPort: config => String(config.simulatorPort),
}

/** The effective configuration, a line for each variable, without a secret. */
export function describeConfig(config: Config, providers: readonly ConfigurableProvider[]): string[] {
  const own = Object.entries(DESCRIPTIONS).map(([key, describe]) => {
    return [VARIABLES[key as VariableKey].name, describe(config)] as const
  })
  const lines = [...own, ...providers.flatMap(provider => describeProvider(config, provider))]
  const width = Math.max(...lines.map(([name]) => name.length))
  return lines.map(([name, text]) => `${name.padEnd(width)}  ${text}`)
}

function describeProvider(config: Config, provider: ConfigurableProvider): [name: string, text: string][] {
  const isOn = config.providers.has(provider.name)
  const texts = isOn ? provider.describeConfig(config.providers.get(provider.name)) : {}
  return Object.entries(provider.variables).map(([key, { name }]) => [name, texts[key] ?? NOT_SET])
}

function describeTokens(tokens: readonly (readonly string[])[]): string {
  const shown = tokens.map(([token = '', ...notes]) => [`#${tokenHash(token)}`, ...notes].join(' for '))
  return `${tokens.length} (${shown.join(', ')})`
}

function describeJwtKey({ domain, jwk }: JwtKey): string {
  const kid = jwk.kid === undefined ? '' : ` kid ${jwk.kid}`
  return `${jwk.alg}${kid} #${shortThumbprint(jwk)} for ${domain ?? 'every domain'}`
}

/** The beginning of the key's RFC 7638 thumbprint. */
function shortThumbprint(jwk: JwtKey['jwk']): string {
  const { crv, e, k, kty, n, x, y } = jwk
  const members = { oct: { k, kty }, RSA: { e, kty, n }, EC: { crv, kty, x, y }, OKP: { crv, kty, x } }
  const required = JSON.stringify(members[kty as keyof typeof members])
  return hash('sha256', required, 'base64url').slice(0, 12)
}

/** In the largest unit that divides it. */
function describeDuration(ms: number): string {
  const [unit, size] = MS_PER_UNIT.find(([, unitMs]) => ms > 0 && ms % unitMs === 0) ?? ['s', 1_000]
  return `${ms / size}${unit}`
}

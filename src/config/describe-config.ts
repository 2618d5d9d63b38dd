import { createPublicKey, hash, X509Certificate } from 'node:crypto'
import { tokenHash } from '../domain/registration.ts'
import type { ApnsConfig, ApnsCredentials, Config, JwtKey } from './config.ts'
import { VARIABLES, type VariableKey } from './variables.ts'

const NOT_SET = '(not set)'
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
  jwtKeyFile: config => config.jwt?.keys.map(describeJwtKey).join(', ') ?? `${NOT_SET}: only admins register`,
  jwtJidClaim: config => config.jwt?.jidClaim ?? VARIABLES.jwtJidClaim.default,
  xmppDomain: config => config.xmppDomain ?? NOT_SET,
  store: config => `${config.store.kind}:${config.store.path}`,
  messageTtl: config => describeDuration(config.messageTtlMs),
  traceRetention: config => describeDuration(config.traceRetentionMs),
  dedupeWindow: config => describeDuration(config.dedupeWindowMs),
  preview: config => config.preview,
  previewText: config => config.previewText,
  maxDevices: config => String(config.maxDevices),
  apnsKeyFile: config => describeCredentials(config.apns, 'token'),
  apnsKeyId: config => signingKey(config)?.keyId ?? NOT_SET,
  apnsTeamId: config => signingKey(config)?.teamId ?? NOT_SET,
  apnsCertFile: config => describeCredentials(config.apns, 'certificate'),
  apnsCertPassphrase: config =>
    config.apns?.credentials?.kind === 'certificate' ? '(only needed to read the file)' : NOT_SET,
  apnsTopics: config => config.apns?.topics.join(',') ?? NOT_SET,
  apnsEnvironment: config => config.apns?.environment ?? NOT_SET,
  apnsUrl: config => config.apns?.url ?? "(Apple's)",
  apnsCaFile: config => (config.apns?.ca === undefined ? NOT_SET : describeCertificate(config.apns.ca)),
  simulatorPort: config => String(config.simulatorPort),
}

/** The effective configuration, a line for each variable, without a secret. */
export function describeConfig(config: Config): string[] {
  const width = Math.max(...Object.values(VARIABLES).map(variable => variable.name.length))
  return Object.entries(DESCRIPTIONS).map(([key, describe]) => {
    const name = VARIABLES[key as VariableKey].name
    return `${name.padEnd(width)}  ${describe(config)}`
  })
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

function signingKey(config: Config): (ApnsCredentials & { kind: 'token' }) | undefined {
  const credentials = config.apns?.credentials
  return credentials?.kind === 'token' ? credentials : undefined
}

function describeCredentials(apns: ApnsConfig | undefined, kind: ApnsCredentials['kind']): string {
  const credentials = apns?.credentials
  if (credentials?.kind !== kind) return NOT_SET
  if (credentials.kind === 'certificate') return describeCertificate(credentials.certificate)
  const der = createPublicKey(credentials.privateKey).export({ format: 'der', type: 'spki' })
  return `signing key #${hash('sha256', der, 'hex').slice(0, 12)}`
}

function describeCertificate(pem: string): string {
  const certificate = new X509Certificate(pem)
  const name = /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? 'certificate'
  return `${name}, valid until ${certificate.validToDate.toISOString().slice(0, 10)}`
}

/** In the largest unit that divides it. */
function describeDuration(ms: number): string {
  const [unit, size] = MS_PER_UNIT.find(([, unitMs]) => ms > 0 && ms % unitMs === 0) ?? ['s', 1_000]
  return `${ms / size}${unit}`
}

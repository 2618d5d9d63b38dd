import { createPublicKey } from 'node:crypto'
import { parseAuthority } from '../../config/authority.ts'
import { describeCertificate, describeSecret, NOT_SET } from '../../config/described.ts'
import type { Reading } from '../../config/reading.ts'
import type { TokenCredentials } from './provider-token.ts'
import { parsePushCertificate } from './push-certificate.ts'
import { parseSigningKey } from './signing-key.ts'
import type { ApnsVariables } from './variables.ts'

export interface ApnsConfig {
  /** Undefined only with the simulator, which then gets a key made at start. */
  credentials: ApnsCredentials | undefined
  /** Bundle ids; the first is the default app. */
  topics: [string, ...string[]]
  /** For registrations that do not say. */
  environment: 'production' | 'sandbox' | 'simulator'
  /** Replaces every environment. */
  url: string | undefined
  /** PEM text of the authority that signed the override's certificate. */
  ca: string | undefined
}

export type ApnsCredentials =
  | ({ kind: 'token' } & TokenCredentials)
  | { kind: 'certificate' /** PEM of certificate and key. */; certificate: string; privateKey: string }

type ApnsReading = Reading<ApnsVariables>

/** The environment is not among them, because its default says nothing. */
const TELLING = [
  'keyFile',
  'keyId',
  'teamId',
  'certFile',
  'certPassphrase',
  'topics',
  'url',
  'caFile',
] as const satisfies readonly (keyof ApnsVariables)[]

const TOKEN_KEYS = ['keyFile', 'keyId', 'teamId'] as const

export function readApnsConfig(reading: ApnsReading): ApnsConfig | undefined {
  const { environment, topics, url } = reading.values
  if (environment !== 'simulator' && !reading.hasAny(TELLING)) return undefined
  const credentials = readCredentials(reading)
  if (!reading.has('topics')) reading.problem('topics', 'is missing: APNs needs the bundle ids of the apps')
  const ca = readAuthority(reading)
  if (topics === undefined || environment === undefined) return undefined
  return { credentials, topics, environment, url, ca }
}

function readCredentials(reading: ApnsReading): ApnsCredentials | undefined {
  const { environment } = reading.values
  const mayLack = environment === 'simulator' || environment === undefined
  const hasToken = reading.hasAny(TOKEN_KEYS)
  const hasCertificate = reading.has('certFile')
  if (reading.has('certPassphrase') && !hasCertificate) {
    reading.problem('certPassphrase', `is of no use without ${reading.nameOf('certFile')}`)
  }
  if (hasToken && hasCertificate) {
    reading.problem(
      'certFile',
      `cannot be used together with ${reading.nameOf('keyFile')}: choose the signing key or the certificate`,
    )
  }
  if (!hasToken && !hasCertificate && !mayLack) {
    reading.problem('keyFile', `is missing: APNs needs it with its two ids, or ${reading.nameOf('certFile')}`)
  }
  const token = hasToken ? readTokenCredentials(reading) : undefined
  const certificate = hasCertificate ? readCertificateCredentials(reading) : undefined
  return token ?? certificate
}

function readTokenCredentials(reading: ApnsReading): ApnsCredentials | undefined {
  for (const key of TOKEN_KEYS) {
    if (!reading.has(key)) reading.problem(key, 'is missing: a signing key needs file, key id and team id')
  }
  const { keyId, teamId } = reading.values
  const privateKey = reading.file('keyFile', bytes => parseSigningKey(bytes.toString()))
  return privateKey && keyId && teamId ? { kind: 'token', keyId, teamId, privateKey } : undefined
}

function readCertificateCredentials(reading: ApnsReading): ApnsCredentials | undefined {
  const pair = reading.file('certFile', bytes =>
    parsePushCertificate(bytes, reading.values.certPassphrase, reading.now()),
  )
  return pair && { kind: 'certificate', ...pair }
}

function readAuthority(reading: ApnsReading): string | undefined {
  if (reading.has('caFile') && !reading.has('url')) {
    reading.problem('caFile', `is of no use without ${reading.nameOf('url')}`)
  }
  return reading.file('caFile', parseAuthority)
}

export function describeApnsConfig(apns: ApnsConfig): Record<keyof ApnsVariables, string> {
  const { credentials, topics, environment, url, ca } = apns
  const token = credentials?.kind === 'token' ? credentials : undefined
  const certificate = credentials?.kind === 'certificate' ? credentials : undefined
  return {
    keyFile: token ? describeSigningKey(token.privateKey) : NOT_SET,
    keyId: token?.keyId ?? NOT_SET,
    teamId: token?.teamId ?? NOT_SET,
    certFile: certificate ? describeCertificate(certificate.certificate) : NOT_SET,
    certPassphrase: certificate ? '(only needed to read the file)' : NOT_SET,
    topics: topics.join(','),
    environment,
    url: url ?? "(Apple's)",
    caFile: ca === undefined ? NOT_SET : describeCertificate(ca),
  }
}

function describeSigningKey(privateKey: string): string {
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return `signing key ${describeSecret(der)}`
}

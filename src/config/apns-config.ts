import { X509Certificate } from 'node:crypto'
import { parseSigningKey } from './apns-signing-key.ts'
import type { ApnsConfig, ApnsCredentials } from './config.ts'
import { type ConfigSources, readKeyFile } from './key-file.ts'
import { bad, good, type Parsed } from './parsed.ts'
import type { Problems } from './problems.ts'
import { parsePushCertificate } from './push-certificate.ts'
import { VARIABLES, type Values, type VariableKey } from './variables.ts'

/** What belongs to APNs; the environment is counted apart, because its default says nothing. */
const APNS_KEYS = [
  'apnsKeyFile',
  'apnsKeyId',
  'apnsTeamId',
  'apnsCertFile',
  'apnsCertPassphrase',
  'apnsTopics',
  'apnsUrl',
  'apnsCaFile',
] as const satisfies readonly VariableKey[]

const TOKEN_KEYS = ['apnsKeyFile', 'apnsKeyId', 'apnsTeamId'] as const

interface Reading {
  values: Partial<Values>
  /** Variables that were given a text, whether it was good or not. */
  given: ReadonlySet<VariableKey>
  sources: ConfigSources
  problems: Problems
}

/** Undefined when APNs is off, that is when nothing is said about it; or when something is wrong, which is reported. */
export function readApnsConfig(reading: Reading): ApnsConfig | undefined {
  const { values, given, problems } = reading
  const environment = values.apnsEnvironment
  if (environment !== 'simulator' && !APNS_KEYS.some(key => given.has(key))) return undefined
  const credentials = readCredentials(reading)
  if (!given.has('apnsTopics')) {
    problems.add(VARIABLES.apnsTopics.name, 'is missing: APNs needs the bundle ids of the apps')
  }
  const ca = readAuthority(reading)
  if (values.apnsTopics === undefined || environment === undefined) return undefined
  return { credentials, topics: values.apnsTopics, environment, url: values.apnsUrl, ca }
}

function readCredentials(reading: Reading): ApnsCredentials | undefined {
  const { values, given, problems } = reading
  const mayLack = values.apnsEnvironment === 'simulator' || values.apnsEnvironment === undefined
  const hasToken = TOKEN_KEYS.some(key => given.has(key))
  const hasCertificate = given.has('apnsCertFile')
  if (given.has('apnsCertPassphrase') && !hasCertificate) {
    problems.add(VARIABLES.apnsCertPassphrase.name, `is of no use without ${VARIABLES.apnsCertFile.name}`)
  }
  if (hasToken && hasCertificate) {
    problems.add(
      VARIABLES.apnsCertFile.name,
      `cannot be used together with ${VARIABLES.apnsKeyFile.name}: choose the signing key or the certificate`,
    )
  }
  if (!hasToken && !hasCertificate && !mayLack) {
    problems.add(
      VARIABLES.apnsKeyFile.name,
      `is missing: APNs needs it with its two ids, or ${VARIABLES.apnsCertFile.name}`,
    )
  }
  const token = hasToken ? readTokenCredentials(reading) : undefined
  const certificate = hasCertificate ? readCertificateCredentials(reading) : undefined
  return token ?? certificate
}

function readTokenCredentials(reading: Reading): ApnsCredentials | undefined {
  const { values, given, problems } = reading
  for (const key of TOKEN_KEYS) {
    if (!given.has(key))
      problems.add(VARIABLES[key].name, 'is missing: a signing key needs file, key id and team id')
  }
  const { apnsKeyFile: path, apnsKeyId: keyId, apnsTeamId: teamId } = values
  const privateKey =
    path && fromFile('apnsKeyFile', path, reading, bytes => parseSigningKey(bytes.toString()))
  return privateKey && keyId && teamId ? { kind: 'token', keyId, teamId, privateKey } : undefined
}

function readCertificateCredentials(reading: Reading): ApnsCredentials | undefined {
  const { values, sources } = reading
  const path = values.apnsCertFile
  if (path === undefined) return undefined
  const pair = fromFile('apnsCertFile', path, reading, bytes =>
    parsePushCertificate(bytes, values.apnsCertPassphrase, sources.now()),
  )
  return pair && { kind: 'certificate', ...pair }
}

function readAuthority(reading: Reading): string | undefined {
  const { values, given, problems } = reading
  const path = values.apnsCaFile
  if (path === undefined) return undefined
  if (!given.has('apnsUrl')) {
    problems.add(VARIABLES.apnsCaFile.name, `is of no use without ${VARIABLES.apnsUrl.name}`)
  }
  return fromFile('apnsCaFile', path, reading, parseAuthority)
}

/** One or more certificates; TLS would silently ignore a text that holds none. */
function parseAuthority(bytes: Buffer): Parsed<string> {
  const text = bytes.toString()
  try {
    new X509Certificate(text)
    return good(text)
  } catch {
    return bad('the file is not a certificate in PEM')
  }
}

function fromFile<T>(
  key: VariableKey,
  path: string,
  { sources, problems }: Reading,
  parse: (bytes: Buffer) => Parsed<T>,
): T | undefined {
  const bytes = readKeyFile(path, sources)
  const parsed = bytes.ok ? parse(bytes.value) : bytes
  if (parsed.ok) return parsed.value
  for (const problem of parsed.problems) problems.add(VARIABLES[key].name, problem)
  return undefined
}

import { createPrivateKey, type KeyObject } from 'node:crypto'
import { allGood, bad, good, type Parsed } from '../../config/parsed.ts'

/** Who sends: what a service account's key file says, as far as we need it. The key is secret. */
export interface ServiceAccount {
  projectId: string
  clientEmail: string
  keyId: string
  /** PKCS#8 PEM, RSA. */
  privateKey: string
  /** Where an assertion is exchanged for an access token, and for whom it is meant. */
  tokenUri: string
}

export const GOOGLE_TOKEN_URI = 'https://oauth2.googleapis.com/token'

const NEEDED = 'a service account key (Firebase console: Project settings, Service accounts)'
/** Files that are taken for it, by the `type` in them or by a key that only they have. */
const OTHER_TYPES: Readonly<Record<string, string>> = {
  authorized_user: "a person's credentials, as gcloud keeps them",
  external_account: 'a workload identity configuration',
  impersonated_service_account: 'an impersonation configuration',
}
const OTHER_KEYS: Readonly<Record<string, string>> = {
  project_info: 'google-services.json, which belongs into the app',
  installed: 'an OAuth client of an installed app',
  web: 'an OAuth client of a web app',
}

/** RS256 asks for 2048 bits (RFC 7518 §3.3); Google makes no shorter keys. */
const LEAST_BITS = 2048
/** Also the domain-scoped ones (`example.com:project`), and project numbers. */
const PROJECT_ID = /^[a-z0-9][a-z0-9.:-]{0,127}$/
const KEY_ID = /^[\w-]{1,128}$/
const EMAIL = /^[\w.+-]{1,128}@[\w.-]{1,128}$/

type Fields = Readonly<Record<string, unknown>>

/**
 * Everything that is wrong with the file, one line each, and never what stands in it. `isAnyHostFine`: with a stand-in
 * for Google the token URI may be that of the stand-in. Else it must be Google's: whoever can change the file could have
 * our assertions sent to a host of theirs, or make us call one inside the operator's network.
 */
export function parseServiceAccount(bytes: Buffer, isAnyHostFine: boolean): Parsed<ServiceAccount> {
  const fields = parseFields(bytes)
  if (!fields.ok) return fields
  const other = otherKind(fields.value)
  if (other !== undefined) return bad(`the file is ${other}; it must be ${NEEDED}`)
  return readFields(fields.value, isAnyHostFine)
}

function parseFields(bytes: Buffer): Parsed<Fields> {
  try {
    // Editors on Windows put a byte order mark in front.
    const value: unknown = JSON.parse(bytes.toString().replace(/^\ufeff/, ''))
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? good(value as Fields) : bad(`the file is not a JSON object; it must be ${NEEDED}`)
  } catch {
    return bad(`the file is not JSON; it must be ${NEEDED}`)
  }
}

function otherKind(fields: Fields): string | undefined {
  const { type } = fields
  if (type === 'service_account') return undefined
  const key = Object.keys(OTHER_KEYS).find(name => Object.hasOwn(fields, name))
  if (key !== undefined) return OTHER_KEYS[key]
  const isKnown = typeof type === 'string' && Object.hasOwn(OTHER_TYPES, type)
  return isKnown ? OTHER_TYPES[type] : 'of another kind: its "type" is not "service_account"'
}

function readFields(fields: Fields, isAnyHostFine: boolean): Parsed<ServiceAccount> {
  const projectId = readText(fields, 'project_id', PROJECT_ID)
  const clientEmail = readText(fields, 'client_email', EMAIL)
  const keyId = readText(fields, 'private_key_id', KEY_ID)
  const privateKey = readKey(fields)
  const tokenUri = readTokenUri(fields, isAnyHostFine)
  const all = allGood<string>([projectId, clientEmail, keyId, privateKey, tokenUri])
  if (!all.ok) return all
  const [project = '', email = '', id = '', key = '', uri = ''] = all.value
  return good({ projectId: project, clientEmail: email, keyId: id, privateKey: key, tokenUri: uri })
}

function readText(fields: Fields, name: string, pattern: RegExp): Parsed<string> {
  const value = fields[name]
  if (value === undefined || value === '') return bad(`"${name}" is missing in the file`)
  return typeof value === 'string' && pattern.test(value)
    ? good(value)
    : bad(`"${name}" in the file is not what Google writes there`)
}

function readKey(fields: Fields): Parsed<string> {
  const { private_key: text } = fields
  if (text === undefined || text === '') return bad('"private_key" is missing in the file')
  const key = typeof text === 'string' ? importKey(text) : undefined
  if (!key) return bad('"private_key" in the file cannot be read: it must be a private key in PEM')
  if (key.asymmetricKeyType !== 'rsa') return bad('"private_key" in the file is not an RSA key')
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (bits < LEAST_BITS) return bad(`"private_key" in the file has less than ${LEAST_BITS} bits`)
  return good(key.export({ format: 'pem', type: 'pkcs8' }).toString())
}

function importKey(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text)
  } catch {
    return undefined
  }
}

function readTokenUri(fields: Fields, isAnyHostFine: boolean): Parsed<string> {
  const { token_uri: text } = fields
  if (text === undefined || text === '') return bad('"token_uri" is missing in the file')
  if (text === GOOGLE_TOKEN_URI) return good(text)
  if (!isAnyHostFine) {
    return bad(
      `"token_uri" in the file is not ${GOOGLE_TOKEN_URI}: only with RELAY_FCM_URL may it be another`,
    )
  }
  return typeof text === 'string' && isUsable(text)
    ? good(text)
    : bad('"token_uri" in the file must be an https URL; http is for loopback only')
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

function isUsable(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password, hash } = new URL(text)
  if (username !== '' || password !== '' || hash !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname))
}

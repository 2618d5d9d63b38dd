import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type JWK, SignJWT } from 'jose'
import { systemClock } from '../domain/clock.ts'
import type { Environment } from './environment.ts'
import type { RelayEnvironment } from './reading.ts'
import { VARIABLES } from './variables.ts'
import { parseVerificationKey } from './verification-key.ts'

/** Where the first run puts what it makes, below the directory in which push-relay was started. */
const DATA = 'data'
const DATABASE = 'data/relay.db'
const KEY_FILE = 'data/jwt.jwk'
/** A login token of bob@localhost, for trying out: a file, so that no credential is printed. */
export const SAMPLE_JWT_FILE = 'data/bob.jwt'
export const SAMPLE_RECIPIENT = 'bob@localhost'
const SAMPLE_JWT_SECONDS = 30 * 86_400

/** Given alone they say where to try it out, not that it is configured; the first run takes them over into `.env`. */
const PLACE = [VARIABLES.host, VARIABLES.port, VARIABLES.simulatorPort, VARIABLES.logLevel]

/** `no`: it is configured already. `refused`: it is not, but inventing a configuration could do harm. */
export type FirstRunDecision = { run: 'yes' | 'no' } | { run: 'refused'; reason: string }

export function decideFirstRun(environment: Environment, directory: string): FirstRunDecision {
  if (environment.hasDotEnv) return { run: 'no' }
  const inTheWay = Object.keys(environment.relay).filter(name => !isPlace(name, environment.relay))
  if (inTheWay.length > 0) {
    return { run: 'refused', reason: `nothing is made up here, because of ${inTheWay.sort().join(', ')}` }
  }
  if (environment.isProduction) {
    return { run: 'refused', reason: 'nothing is made up here, because NODE_ENV is production' }
  }
  if (existsSync(join(directory, DATABASE))) {
    return {
      run: 'refused',
      reason: `nothing is made up here, because there is a database already (${DATABASE}); its .env seems to be lost`,
    }
  }
  return { run: 'yes' }
}

/** A value that does not fit is reported and not written down. */
function isPlace(name: string, relay: RelayEnvironment): boolean {
  const text = relay[name]?.trim() ?? ''
  return PLACE.some(variable => variable.name === name && (text === '' || variable.parse(text).ok))
}

/**
 * Writes a configuration that works: fresh tokens, a JWT key, SQLite, and the simulator in Apple's place. Nothing that
 * exists is overwritten. `.env` comes last: until it is there, the next start begins again.
 */
export async function writeFirstRun(directory: string, relay: RelayEnvironment = {}): Promise<void> {
  mkdirSync(join(directory, DATA), { recursive: true, mode: 0o700 })
  createSecretFile(join(directory, KEY_FILE), () => `${JSON.stringify(newKey())}\n`)
  const sample = await signSample(readKey(join(directory, KEY_FILE)))
  createSecretFile(join(directory, SAMPLE_JWT_FILE), () => `${sample}\n`)
  writeFileSync(join(directory, '.env'), dotEnv() + placeLines(relay), { flag: 'wx', mode: 0o600 })
}

/** What an earlier, interrupted first run left is kept. */
function createSecretFile(path: string, content: () => string): void {
  if (!existsSync(path)) writeFileSync(path, content(), { flag: 'wx', mode: 0o600 })
}

function newKey(): JWK {
  return { kty: 'oct', alg: 'HS256', k: newSecret(32) }
}

/** Mostly the one just written. JSON.parse alone would quote a damaged secret in its error. */
function readKey(path: string): JWK {
  const key = parseVerificationKey(readFileSync(path, 'utf8'))
  if (key.ok && key.value.alg === 'HS256') return key.value
  throw new Error(
    `${KEY_FILE} exists but is not an HS256 key; move it away, or write a .env that names another`,
  )
}

function newSecret(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}

/** As an app gets it that logs in to ejabberd: the claim `jid` and a numeric `exp`. */
function signSample(key: JWK): Promise<string> {
  const expiresAt = Math.floor(systemClock.now() / 1000) + SAMPLE_JWT_SECONDS
  return new SignJWT({ jid: SAMPLE_RECIPIENT })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setExpirationTime(expiresAt)
    .sign(Buffer.from(key.k ?? '', 'base64url'))
}

function dotEnv(): string {
  return `# Written by the first start of push-relay, for trying it out. Every variable is explained in .env.example.
# The chat server of localhost posts messages with this token:
RELAY_HOOK_TOKENS=${newSecret(24)}=localhost
# Operators read traces and metrics with this one:
RELAY_ADMIN_TOKENS=${newSecret(24)}
# Apps register with a JWT; give ejabberd the same file as jwt_key:
RELAY_JWT_KEY_FILE=./${KEY_FILE}
RELAY_XMPP_DOMAIN=localhost
RELAY_STORE=sqlite:./${DATABASE}
# The simulator stands in for Apple: no iPhone is reached. For real ones set production, and the signing key.
RELAY_APNS_ENVIRONMENT=simulator
RELAY_APNS_TOPICS=com.example.chat
`
}

function placeLines(relay: RelayEnvironment): string {
  return PLACE.map(({ name }) => ({ name, text: relay[name]?.trim() ?? '' }))
    .filter(({ text }) => text !== '')
    .map(({ name, text }) => `${name}=${text}\n`)
    .join('')
}

export const FIRST_RUN_REPORT = `This is the first start here, so push-relay wrote a configuration to try it out:

  .env           fresh random tokens, SQLite, and a simulator in place of Apple's servers
  ${KEY_FILE}   a new key for the JWTs of apps
  ${SAMPLE_JWT_FILE}   a JWT of ${SAMPLE_RECIPIENT}, made with that key, good for 30 days

Only you can read these files. Edit .env for real use.
`

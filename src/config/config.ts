import type { JWK } from 'jose'
import type { Preview } from '../domain/registration.ts'

/** Everything the relay was told, checked and with defaults. Built by readConfig; only environment.ts reads variables. */
export interface Config {
  host: string
  port: number
  /** What Fastify's `trustProxy` takes: false, true, or addresses. */
  trustProxy: boolean | string[]
  corsOrigins: string[]
  logLevel: LogLevel
  hookTokens: HookToken[]
  adminTokens: string[]
  jwt: JwtConfig | undefined
  /** Normalised; completes bare local parts. */
  xmppDomain: string | undefined
  store: { kind: 'sqlite'; path: string }
  messageTtlMs: number
  traceRetentionMs: number
  dedupeWindowMs: number
  preview: Preview
  previewText: string
  maxDevices: number
  apns: ApnsConfig | undefined
  /** Port of the simulator's control interface (loopback), used only while the simulator stands in for APNs. */
  simulatorPort: number
  /** How long a stop may take before the process ends anyway. */
  shutdownMs: number
  /** This start wrote its own configuration: print firstRunCommands once it listens. */
  isFirstRun?: true
}

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

export interface HookToken {
  token: string
  /** Normalised recipient domains this token may post for; undefined: all. */
  domains: string[] | undefined
}

export interface JwtConfig {
  /** Claim that holds the bare JID; ejabberd's `jwt_jid_field`. */
  jidClaim: string
  keys: JwtKey[]
}

export interface JwtKey {
  /** The only domain for which this key speaks; undefined: it was given without one and speaks for all. */
  domain: string | undefined
  /** With `alg` always set: the algorithm is pinned to the key. */
  jwk: JWK & { alg: string }
}

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
  | { kind: 'token'; keyId: string; teamId: string /** PKCS#8 PEM, P-256. */; privateKey: string }
  | { kind: 'certificate' /** PEM of certificate and key. */; certificate: string; privateKey: string }

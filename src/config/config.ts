import type { JWK } from 'jose'
import type { Role } from '../domain/node-role.ts'
import type { Preview } from '../domain/registration.ts'
import type { StoreLocation } from './store-location.ts'

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
  /** Undefined: the ZeroPush API is off. */
  zeropush: ZeropushConfig | undefined
  jwt: JwtConfig | undefined
  /** Normalised; completes bare local parts. */
  xmppDomain: string | undefined
  store: StoreLocation
  role: Role
  messageTtlMs: number
  traceRetentionMs: number
  dedupeWindowMs: number
  preview: Preview
  previewText: string
  maxDevices: number
  /** Of each provider that is on, by its name, in its own form. */
  providers: ReadonlyMap<string, unknown>
  /** A simulator that the relay itself starts stands in for a provider. */
  isSimulated: boolean
  /** Port of its control interface (loopback). */
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

export interface ZeropushConfig {
  /** For all calls. */
  serverTokens: string[]
  /** Known to whoever has the app. */
  appTokens: string[]
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

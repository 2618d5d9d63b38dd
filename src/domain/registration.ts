import { hash } from 'node:crypto'

/** The name of one of providers/providers.ts. */
export type ProviderName = string

export const PREVIEWS = ['full', 'sender', 'none'] as const
export type Preview = (typeof PREVIEWS)[number]

/** `voip` is reserved: PushKit tokens are other tokens, with other rules. */
export type RegistrationKind = 'alert'

/**
 * `active` receives. `disabled`: the provider says the token is dead. `suspended`: three times misaddressed.
 * `moved`: another recipient registered the same physical token. Each of the last three ends with the next `PUT`.
 */
export const REGISTRATION_STATES = ['active', 'disabled', 'suspended', 'moved'] as const
export type RegistrationState = (typeof REGISTRATION_STATES)[number]

/** Identifies a registration. A delivery names this, never a token. */
export interface RegistrationKey {
  /** Normalised bare JID. */
  recipient: string
  /** The app's installation id. */
  device: string
  kind: RegistrationKind
}

/** Who said which environment the token belongs to; a client's word is trusted less than the operator's. */
export type EnvironmentSource = 'client' | 'default' | 'learned'

/** One registration of a key: not the one that was there before a removal. */
export interface NamedRegistration extends RegistrationKey {
  /** Absent: whichever there is. */
  firstVersion?: number
}

export interface Registration extends RegistrationKey {
  provider: ProviderName
  /** Secret. The provider's opaque address of the device. */
  token: string
  app: string
  environment: string
  environmentSource: EnvironmentSource
  name?: string
  locale?: string
  preview?: Preview
  /** Instant of the last `PUT`: what a provider's "dead since" is compared with. */
  registeredAt: number
  state: RegistrationState
  stateReason?: string
  /** Misaddressed deliveries since the last `PUT`. */
  strikes: number
  /** Precision: one hour. A write per push would cost more than the push. */
  lastAcceptedAt?: number
  /** Grows with every change but those of `strikes` and `lastAcceptedAt`; conditional updates name it. Never reused. */
  version: number
  /** The version with which it was created. What waits for a removed one is not for the next one with its key. */
  firstVersion: number
}

/** What an app asks for, after HTTP validation and before the provider's own rules. */
export interface RegistrationRequest {
  provider: ProviderName
  /** As the provider's own schema has it: mostly `{token}`. */
  address: Readonly<Record<string, unknown>>
  app?: string
  environment?: string
  name?: string
  locale?: string
  preview?: Preview
}

export type RegistrationCheck =
  | { ok: true; token: string; app: string; environment: string; environmentSource: EnvironmentSource }
  | { ok: false; code: 'token' | 'app' | 'environment'; message: string }

/** A provider's part in registering: is this address well formed, are this app and this environment ours? */
export interface RegistrationRules {
  /**
   * The token is of one physical device, so that whoever registers it takes it over from its former owner. Else several
   * recipients may share it.
   */
  readonly hasOneOwner: boolean
  /** Pure; makes one token of the address and fills in the defaults. */
  check(request: RegistrationRequest): RegistrationCheck
}

/** The only form in which a token is ever shown: 12 hex digits of its SHA-256. */
export function tokenHash(token: string): string {
  return hash('sha256', token, 'hex').slice(0, 12)
}

import type { Notification } from '../domain/notification.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { ProviderName, Registration, RegistrationRules } from '../domain/registration.ts'

/** The port to a push provider that is on. Adding one means a folder here and a line in providers.ts. */
export interface Provider {
  readonly name: ProviderName

  readonly rules: RegistrationRules

  /** What anybody may know, so that apps can register. */
  readonly offer: ProviderOffer

  /** Whether it makes use of `scopeProven`; else nobody remembers in which scopes a push has succeeded. */
  readonly remembersProof: boolean

  /**
   * What pauses together with this registration, widest first: credential and environment, then topic. The last one is
   * the lane in which its deliveries wait. Pure and cheap: called for every delivery.
   */
  scopesOf(registration: Registration): readonly [string, ...string[]]

  /**
   * Attempts that make sense under way at once just now, in one of the widest scopes; more would only queue inside the
   * provider. Asked before every attempt.
   */
  capacity(scope: string): number

  /** `listener` hears of each scope whose capacity has grown. */
  onCapacity(listener: (scope: string) => void): void

  /**
   * Whether operators should worry while this scope is paused; absent: always. Not where a registering client chose the
   * server: such a pause is shown to operators, and changes the state of nothing; nor is it remembered what has succeeded.
   */
  concernsOperators?(scope: string): boolean

  /** The environment to try once after a misaddressed one; undefined when there is none. */
  otherEnvironment(registration: Registration): string | undefined

  /** One attempt. Always resolves, within the provider's deadline; never throws for what a provider or a network did. */
  send(push: Push): Promise<Outcome>

  health(): ProviderHealth

  /** Waits for what is under way, then closes connections. Idempotent. */
  close(): Promise<void>
}

export interface ProviderOffer {
  /** What registrations may name; the first is the default. */
  apps: readonly [string, ...string[]]
  environments: readonly string[]
  /** For `applicationServerKey` of the Push API: base64url of the uncompressed P-256 point (RFC 8292 §3.2). */
  vapidPublicKey?: string
}

export interface Push {
  /** UUID, the same on every attempt of this delivery. */
  deliveryId: string
  registration: Registration
  notification: Notification
  /** Instant after which the provider must not show it. */
  expiresAt: number
  /** A push in this registration's widest scope has once succeeded. */
  scopeProven: boolean
}

export interface ProviderHealth {
  /** `idle`: no connection is needed now; `ready`: connected; `down`: it could not connect. */
  connection: 'idle' | 'ready' | 'down'
  /** A stand-in receives the pushes, no real phone does. */
  simulated: boolean
}

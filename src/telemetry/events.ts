import type { AttemptRecord, DeliveryState } from '../domain/delivery.ts'
import type { IgnoreReason, MessageState } from '../domain/offline-message.ts'
import type { ProviderName } from '../domain/registration.ts'

/** What was wrong with a credential. */
export type CredentialProblem =
  | 'no-credential'
  | 'several-credentials'
  | 'malformed-header'
  | 'unknown-token'
  | 'token-of-other-kind'
  | 'header-and-body-disagree'
  | 'jwt-not-configured'
  | 'jwt-malformed'
  | 'jwt-algorithm'
  | 'jwt-signature'
  | 'jwt-expired'
  | 'jwt-no-exp'
  | 'jwt-not-yet-valid'
  | 'jwt-claim'
  | 'jwt-domain'

/**
 * The catalogue of everything that code tells operators. log-subscriber.ts and metrics-subscriber.ts turn events into
 * lines and numbers. No event carries a body, a token, a credential or an URL.
 */
export interface RelayEvents {
  /** Patterns, with their methods, of every route that wants a credential. Once, before the first request. */
  'routes.opened': { routes: readonly string[] }
  /**
   * The caller's fault, as it was told. `route` is a method and a pattern, or `(none)`; `code` is of the table of
   * errors. `cause` says of a credential what its caller must not always hear.
   */
  'request.refused': { route: string; code: string; cause?: CredentialProblem | undefined }
  'relay.started': { address: string; version: string; role: string }
  'relay.stopping': { signal?: string | undefined }
  'relay.stopped': Record<never, never>
  'message.accepted': {
    messageId: string
    status: 'queued' | 'duplicate' | 'ignored'
    reason?: IgnoreReason | undefined
    durationMs: number
    leased: boolean
  }
  /** A round was written; with `pending` something of the message still waits. */
  'message.settled': { messageId: string; state: MessageState }
  'attempt.finished': {
    messageId: string
    deliveryId: string
    provider: ProviderName
    app: string
    attempt: AttemptRecord
    state: DeliveryState
  }
  'attempt.crashed': { messageId: string; deliveryId: string; provider: ProviderName; error: unknown }
  'provider.unknown-reason': { provider: ProviderName; status: number; reason: string }
  'provider.connection': {
    provider: ProviderName
    scope: string
    state: 'connected' | 'closed' | 'failed'
    reason?: string | undefined
  }
  'scope.paused': { scope: string; reason: string; kind: 'unsent' | 'deferred' | 'blocked'; retryMs: number }
  'scope.resumed': { scope: string; pausedMs: number }
  'registration.changed': { change: 'created' | 'refreshed' | 'removed' | 'too-many-moves' }
  'wave.started': { provider: ProviderName; topic: string; misaddressed: number; recipients: number }
  'wave.ended': { provider: ProviderName; topic: string }
  'store.commit': { durationMs: number; operations: number }
  'store.unavailable': { reason: string }
  /** Of the store's two, and not by our wish; it is started again. */
  'store.thread-ended': { thread: 'writer' | 'reader'; cause: string }
  'store.recovered': Record<never, never>
  /** This node was taken for dead: what it had leased may be with others. It goes on under another name. */
  'store.leases-lost': Record<never, never>
  /** Of nodes that are gone, so many leases were given back. */
  'store.leases-freed': { count: number }
  /** Messages wait that nobody has begun, longer than the node that accepted them should need. */
  'store.outbox-waits': Record<never, never>
  /** Whether changes that other nodes make to registrations are heard; while they are not, each is read again before it is used. */
  'store.presence': { state: 'heard' | 'lost'; reason?: string | undefined }
  'loop.failed': { loop: string; error: unknown }
}

export type EventName = keyof RelayEvents

export interface Events {
  emit<N extends EventName>(name: N, event: RelayEvents[N]): void
  /** The returned function unsubscribes. */
  on<N extends EventName>(name: N, subscriber: (event: RelayEvents[N]) => void): () => void
}

/** Calls subscribers at once and in order. One that throws misses that event only, and never breaks a loop. */
export function createEvents(): Events {
  const subscribers = new Map<EventName, Set<(event: never) => void>>()
  return {
    emit(name, event) {
      for (const subscriber of subscribers.get(name) ?? []) {
        try {
          subscriber(event as never)
        } catch {
          // Nobody can be told: what tells is a subscriber, too.
        }
      }
    },
    on(name, subscriber) {
      const set = subscribers.get(name) ?? new Set()
      subscribers.set(name, set)
      set.add(subscriber as (event: never) => void)
      return () => set.delete(subscriber as (event: never) => void)
    },
  }
}

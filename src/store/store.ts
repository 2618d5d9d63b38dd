import type { BadgeChange } from '../domain/badge.ts'
import type { DeliveryRecord } from '../domain/delivery.ts'
import type { IgnoreReason, MessageContent, MessageState, MessageType } from '../domain/offline-message.ts'
import type {
  EnvironmentSource,
  NamedRegistration,
  Preview,
  ProviderName,
  Registration,
  RegistrationKey,
} from '../domain/registration.ts'
import type { StoreHealth } from './store-unavailable.ts'

/**
 * The port to the outbox and the device registry. test/contract/store-contract.ts holds every adapter to it.
 *
 * Common to all methods that write: they resolve after the commit is durable, reject with StoreUnavailableError when
 * nothing was changed, and are applied in the order in which they were called. Instants are ms since 1970.
 */
export interface Store {
  /** Opens, checks and migrates; voids the leases of earlier incarnations. Rejects with a readable reason. */
  open(): Promise<void>

  /**
   * Commits all entries in one transaction, together with whatever else arrived in this turn of the event loop.
   * Receipts are in the order of the entries. A duplicate changes nothing. Also reads, in the same transaction, the
   * recipient's registrations, so that the message goes straight from memory to the dispatcher.
   */
  accept(entries: readonly AcceptEntry[]): Promise<AcceptReceipt[]>

  /**
   * Records what a round of attempts did to a message, and its effects on registrations, once. Rides along with the next
   * commit, at most 50 ms later. Answers the state of the message from then on; undefined when the lease is lost: then
   * nothing was changed.
   */
  settle(settlement: Settlement): Promise<MessageState | undefined>

  /** Whether there are messages whose first round nobody has begun: for whoever must ask often, cheaper than to claim. */
  hasUnbegun(): Promise<boolean>

  /** Leases up to `limit` messages whose first round nobody has begun, oldest first. */
  claimMessages(limit: number): Promise<ClaimedMessage[]>

  /** Leases up to `limit` waiting deliveries of a scope that are due at `now`, longest due first. */
  claimDeliveries(scope: string, now: number, limit: number): Promise<ClaimedDelivery[]>

  /** The scopes that have waiting deliveries, each with the earliest instant at which one is due. */
  waitingScopes(): Promise<WaitingScope[]>

  /** Gives back every lease of this process, for a graceful stop. */
  releaseLeases(): Promise<void>

  /** Ends up to `limit` waiting deliveries whose message has expired, and erases texts that only an expired message kept. */
  expire(now: number, limit: number): Promise<ExpireResult>

  /**
   * Deletes traces settled before `before`, up to `limit` of them; or of whole spans of time at once, and then keeps some for
   * up to a span longer. Never touches what is pending. Answers how many; `limit` when there may be more.
   */
  purge(before: number, limit: number): Promise<number>

  /** Revives the dead deliveries of a message. `expired`: too late. `not-dead`: nothing to revive. */
  requeue(messageId: string, now: number): Promise<'requeued' | 'expired' | 'not-dead' | 'unknown'>

  /**
   * Registers, refreshes, replaces or moves: one owner per physical token (provider, app, token), unless it is shared. What waits for the
   * registration is due at once when its address changed (of a long queue the oldest 500 messages), in a scope of no
   * lane: the dispatcher knows the right one.
   */
  register(command: RegisterCommand): Promise<RegisterResult>

  /**
   * Removes a registration and ends what waits for it, as `registration-removed`: a later one with the same key inherits
   * nothing. A message of which nobody has begun is for whatever is registered when somebody does; it ends with the last
   * registration. Texts that no attempt can follow any more are erased, also those kept for a requeue.
   * What is leased ends at its next attempt (see `registration`). The registration goes, with its inheritance, in one
   * commit; a long queue is ended in several: when a later one fails, this rejects, and repeating removeRecipient ends the rest.
   */
  removeDevice(recipient: string, device: string, at: number): Promise<RemoveResult>

  /** Removes every registration of an account, likewise: an account that is created anew inherits nothing. */
  removeRecipient(recipient: string, at: number): Promise<RemoveResult>

  /**
   * True when a registration of `recipient` may have changed after `revision` (see AcceptReceipt): what was read then
   * must be read again before it is used. Synchronous and in memory; may say true too often, never too seldom.
   */
  isStale(recipient: string, revision: number): boolean

  registrations(recipient: string): Promise<Registration[]>
  /**
   * `removed` also when another registration has taken the place of the named one. `revision`: as of which the caller has leased
   * what it is about to send (see AcceptReceipt); rejects when that lease is known to be lost.
   */
  registration(key: NamedRegistration, revision?: number): Promise<FoundRegistration>
  message(id: string): Promise<MessageTrace | undefined>
  messages(query: MessageQuery): Promise<MessageSummary[]>
  outbox(): Promise<OutboxStats>

  /** Credentials that must survive a restart, such as a provider token. Never shown anywhere. */
  secret(name: string): Promise<string | undefined>
  /**
   * Sets a secret that is `former`; undefined: that is not there yet. False when it is something else: then nothing was changed.
   * Of several nodes that want to replace the same one, one does, and the others hear of it.
   */
  replaceSecret(name: string, former: string | undefined, value: string): Promise<boolean>

  /** Scopes in which a push has once succeeded, so that an environment reason there is not the registration's fault. */
  provenScopes(): Promise<string[]>
  markProven(scope: string): Promise<void>

  /** Whether a commit could succeed now, and why not. */
  health(): StoreHealth

  /** Commits what is pending, truncates the log, closes. Idempotent. */
  close(): Promise<void>
}

export interface AcceptEntry {
  /** UUIDv7, made by the caller. */
  id: string
  recipient: string
  sender: string
  type: MessageType | 'headline' | 'error'
  /** Equal keys within the window are one message; absent: never a duplicate. */
  dedupeKey?: string
  /** Absent exactly when `ignored` is set. */
  content?: MessageContent
  ignored?: IgnoreReason
  /** Names of what was coerced, cut or dropped; never values. */
  notes: readonly string[]
  receivedAt: number
  expiresAt: number
  /** The caller has room to begin at once; else the message waits in the outbox. */
  leased: boolean
  /**
   * Changes the badge of the ZeroPush device for which the recipient stands, in the same commit and only when the message is
   * queued; what it comes to is the content's `unread` from then on.
   */
  badge?: BadgeChange
}

export type AcceptReceipt =
  | {
      status: 'queued'
      id: string
      leased: boolean
      /** Active registrations as of this commit. */
      registrations: Registration[]
      /** For isStale. */
      revision: number
      /** What the badge came to, when the entry changed one. */
      badge?: number
    }
  | { status: 'duplicate'; id: string }
  | { status: 'ignored'; id: string; reason: IgnoreReason }

export interface Settlement {
  messageId: string
  recipient: string
  /** `first`: results for every delivery of the message; `later`: for deliveries claimed from the waiting ones. */
  round: 'first' | 'later'
  results: readonly DeliveryResult[]
  at: number
}

export interface DeliveryResult {
  record: DeliveryRecord
  /** Exactly when the record is pending: which scope it waits for, and until when. */
  wait?: { scope: string; runAt: number }
  effect?: RegistrationEffect
}

/** Applied only while the registration still has `version`, in one conditional statement. */
export type RegistrationEffect = { version: number } & (
  | {
      kind: 'accepted' /** Remembered when the other environment turned out right. */
      learnedEnvironment?: string
    }
  | {
      kind: 'unregistered' /** Disables only a registration made no later than this. */
      since: number
      reason: string
    }
  | { kind: 'misaddressed' /** Strikes at which it is suspended. */; suspendAt: number; reason: string }
)

export interface QueuedMessage {
  id: string
  receivedAt: number
  expiresAt: number
  content: MessageContent
}

export interface ClaimedMessage {
  message: QueuedMessage
  registrations: Registration[]
  revision: number
}

export interface ClaimedDelivery {
  message: QueuedMessage
  record: DeliveryRecord
  registration: FoundRegistration
  revision: number
}

export interface SettledMessage {
  id: string
  state: MessageState
}

export interface RemoveResult {
  /** Registrations that were there. */
  removed: number
  /** Messages of which nothing waits any more. */
  settled: readonly SettledMessage[]
}

export interface ExpireResult {
  /** Messages of which nothing waits any more. */
  settled: readonly SettledMessage[]
  /** Deliveries that were ended and texts that were erased: `limit` when there may be more. */
  count: number
}

/** A registration as it is at this moment, or why there is none to send to. */
export type FoundRegistration =
  | { found: true; registration: Registration; revision: number }
  | { found: false; reason: 'removed' | 'disabled' | 'suspended' | 'moved' }

export interface WaitingScope {
  scope: string
  dueAt: number
}

export interface RegisterCommand extends RegistrationKey {
  provider: ProviderName
  token: string
  app: string
  environment: string
  environmentSource: EnvironmentSource
  name?: string
  locale?: string
  preview?: Preview
  /** The token is not of one physical device: other recipients keep theirs. */
  isShared?: true
  at: number
  /** Beyond this many, the least recently registered goes. */
  maxDevices: number
  /** Moves allowed to this recipient in the last 24 h; absent: unlimited (an admin asks). */
  maxMoves?: number
}

export type RegisterResult =
  | { status: 'created' | 'refreshed'; registration: Registration }
  | { status: 'too-many-moves' }

export interface MessageSummary {
  id: string
  state: MessageState
  reason?: string
  recipient: string
  sender: string
  type: string
  receivedAt: number
  expiresAt: number
  settledAt?: number
}

export interface MessageTrace extends MessageSummary {
  /** What happened besides the deliveries, in order: received, noted, skipped registrations, requeued, settled. */
  steps: readonly TraceStep[]
  deliveries: readonly (DeliveryRecord & { runAt?: number })[]
}

export interface TraceStep {
  at: number
  step: 'received' | 'noted' | 'skipped' | 'ignored' | 'queued' | 'requeued' | 'settled'
  detail?: string
}

export interface MessageQuery {
  recipient?: string
  state?: MessageState
  limit: number
  /** Only messages older than this id. */
  before?: string
}

export interface OutboxStats {
  /** Messages of which a delivery is pending. */
  pending: number
  /** When the oldest of them was received. */
  oldestAt?: number
}

import type { Clock } from '../domain/clock.ts'
import { type AttemptRecord, type DeliveryState, recordAttempt } from '../domain/delivery.ts'
import type { Outcome } from '../domain/outcome.ts'
import {
  afterCrash,
  COUNTS,
  type Decision,
  decide,
  MAX_CRASHES,
  STRIKES_TO_SUSPEND,
} from '../domain/retry-policy.ts'
import type { Provider } from '../providers/provider.ts'
import type { FoundRegistration, RegistrationEffect, Store } from '../store/store.ts'
import type { Events } from '../telemetry/events.ts'
import type { ActiveDelivery } from './round.ts'
import type { Waves } from './waves.ts'

export interface AttemptDependencies {
  store: Pick<Store, 'isStale' | 'registration'>
  waves: Waves
  isProven(scope: string): boolean
  clock: Clock
  events: Events
}

/** How a round ended for one delivery. */
export type DeliveryEnd = Exclude<Decision, { next: 'again' | 'other-environment' }> & {
  reason?: string
  effect?: RegistrationEffect
}

/** An hour's precision is enough for "last accepted", and spares a write per push. */
const LAST_ACCEPTED_PRECISION_MS = 3_600_000

/** After a bug around an attempt: this delivery waits, the others go on. */
const AFTER_BUG_MS = 60_000

/**
 * Attempts a delivery until something other than "again" follows. Uses the registration as it is at each attempt: one
 * that changed while the message waited is read again, one that is gone ends the delivery. Never rejects.
 */
export async function attemptDelivery(
  delivery: ActiveDelivery,
  provider: Provider,
  deps: AttemptDependencies,
): Promise<DeliveryEnd> {
  try {
    return await attemptUntilEnd(delivery, provider, deps)
  } catch (error) {
    deps.events.emit('loop.failed', { loop: 'attempt', error })
    return { next: 'wait', runAt: deps.clock.now() + AFTER_BUG_MS, reason: 'crashed' }
  }
}

async function attemptUntilEnd(
  delivery: ActiveDelivery,
  provider: Provider,
  deps: AttemptDependencies,
): Promise<DeliveryEnd> {
  for (;;) {
    // Awaited only when there is something to wait for: this is every push's way.
    const gone = isStale(delivery, deps) ? await refreshRegistration(delivery, deps) : undefined
    const attempted = { delivery, provider, deps, sentAt: deps.clock.now() }
    const end = gone ?? expiredEnd(attempted) ?? (await attemptAndFollow(attempted))
    if (end) return end
  }
}

function expiredEnd({ delivery, sentAt }: Attempted): DeliveryEnd | undefined {
  const isExpired = sentAt >= delivery.round.message.expiresAt
  return isExpired ? { next: 'finish', state: 'expired', reason: 'expired' } : undefined
}

async function attemptAndFollow(attempted: Attempted): Promise<DeliveryEnd | undefined> {
  const { delivery, provider, deps } = attempted
  const outcome = await attemptOnce(delivery, provider, deps)
  return outcome === undefined ? crashed(delivery, provider, deps) : follow(outcome, attempted)
}

interface Attempted {
  delivery: ActiveDelivery
  provider: Provider
  deps: AttemptDependencies
  sentAt: number
}

/** Undefined when the delivery is to be attempted again now. */
async function follow(answered: Outcome, attempted: Attempted): Promise<DeliveryEnd | undefined> {
  const { delivery, deps } = attempted
  const { registration, firstAnswer } = delivery
  const outcome = firstAnswer && saysNothing(answered) ? firstAnswer : answered
  const isWave = deps.waves.observe(registration, outcome.kind === 'misaddressed')
  const decision = decideFor(outcome, attempted)
  const isAgain = await goesOn(outcome, decision, attempted)
  tell(attempted, !isAgain && decision.next === 'finish' ? decision.state : 'pending')
  if (isAgain || decision.next === 'again' || decision.next === 'other-environment') return undefined
  const effect = effectOf(outcome, attempted, isWave)
  return {
    ...decision,
    ...(outcome.reason === undefined ? {} : { reason: outcome.reason }),
    ...(effect === undefined ? {} : { effect }),
  }
}

/** Another environment that cannot be reached, or not by us, has not taken the blame from a token that the first refused. */
function saysNothing({ kind }: Outcome): boolean {
  return kind === 'unsent' || kind === 'blocked'
}

function decideFor(outcome: Outcome, { delivery, provider, deps }: Attempted): Decision {
  const other =
    delivery.firstAnswer === undefined ? provider.otherEnvironment(delivery.registration) : undefined
  return decide(outcome, {
    attemptCount: delivery.record.attemptCount,
    repeats: delivery.repeats,
    canTryOtherEnvironment: other !== undefined,
    clock: deps.clock,
  })
}

/** Prepares another attempt in this round; false when there is none. */
async function goesOn(
  outcome: Outcome,
  decision: Decision,
  { delivery, provider, deps }: Attempted,
): Promise<boolean> {
  const { registration } = delivery
  if (outcome.kind === 'unregistered') return hasNewToken(delivery, deps)
  if (decision.next === 'again') delivery.repeats++
  else if (decision.next === 'other-environment' && outcome.kind === 'misaddressed') {
    const environment = provider.otherEnvironment(registration) ?? registration.environment
    delivery.firstAnswer = outcome
    // As doubtful as a client's word: a complaint about the environment is about this token, not about our key.
    delivery.registration = { ...registration, environment, environmentSource: 'client' }
  } else return false
  return true
}

function isStale({ registration, revision }: ActiveDelivery, deps: AttemptDependencies): boolean {
  return deps.store.isStale(registration.recipient, revision)
}

/** Reads the registration again. Answers an end when there is none to send to. */
async function refreshRegistration(
  delivery: ActiveDelivery,
  deps: AttemptDependencies,
): Promise<DeliveryEnd | undefined> {
  const { registration, revision } = delivery
  const found = await deps.store.registration(registration, revision).catch(() => undefined)
  // The store cannot read now, or another node has taken over: the delivery waits, nothing is known to be wrong with it.
  if (!found) return { next: 'wait', runAt: deps.clock.now() + 1000, reason: 'store-unavailable' }
  if (!found.found) return { next: 'finish', state: 'unregistered', reason: goneReason(found) }
  if (found.registration.version !== delivery.registration.version) {
    delivery.registration = found.registration
    delete delivery.firstAnswer
  }
  delivery.revision = found.revision
  return undefined
}

export function goneReason(found: FoundRegistration & { found: false }): string {
  return `registration-${found.reason}`
}

/** The token died, but the device has registered anew meanwhile: the message is for its new token. */
async function hasNewToken(delivery: ActiveDelivery, deps: AttemptDependencies): Promise<boolean> {
  if (!isStale(delivery, deps)) return false
  const { token } = delivery.registration
  const gone = await refreshRegistration(delivery, deps)
  return gone === undefined && delivery.registration.token !== token
}

async function attemptOnce(
  delivery: ActiveDelivery,
  provider: Provider,
  deps: AttemptDependencies,
): Promise<Outcome | undefined> {
  const { round, registration } = delivery
  const at = deps.clock.now()
  const startedAt = deps.clock.monotonic()
  let outcome: Outcome | undefined
  try {
    outcome = await provider.send({
      deliveryId: delivery.record.id,
      registration,
      notification: round.notificationFor(registration),
      expiresAt: round.message.expiresAt,
      scopeProven: deps.isProven(provider.scopesOf(registration)[0]),
    })
  } catch (error) {
    // A bug of ours in building or sending: it costs this delivery an attempt, and nobody else anything.
    const { id: messageId } = round.message
    deps.events.emit('attempt.crashed', {
      messageId,
      deliveryId: delivery.record.id,
      provider: provider.name,
      error,
    })
  }
  note(delivery, outcome, { at, durationMs: Math.round(deps.clock.monotonic() - startedAt) })
  return outcome
}

function note(
  delivery: ActiveDelivery,
  outcome: Outcome | undefined,
  timing: { at: number; durationMs: number },
): void {
  const { record, registration } = delivery
  const counts = outcome === undefined || COUNTS[outcome.kind]
  const attempt: AttemptRecord = {
    number: record.attemptCount + 1,
    ...timing,
    outcome: outcome?.kind ?? 'crashed',
    ...(outcome?.status === undefined ? {} : { status: outcome.status }),
    ...(outcome?.reason === undefined ? {} : { reason: outcome.reason }),
    environment: registration.environment,
  }
  delivery.record = {
    ...record,
    attemptCount: record.attemptCount + (counts ? 1 : 0),
    crashCount: record.crashCount + (outcome === undefined ? 1 : 0),
    attempts: recordAttempt(record.attempts, attempt),
  }
}

function crashed(delivery: ActiveDelivery, provider: Provider, deps: AttemptDependencies): DeliveryEnd {
  const { crashCount } = delivery.record
  const isDead = crashCount >= MAX_CRASHES
  tell({ delivery, provider, deps }, isDead ? 'dead' : 'pending')
  if (isDead) return { next: 'finish', state: 'dead', reason: 'crashed' }
  return { next: 'wait', runAt: afterCrash(crashCount, deps.clock), reason: 'crashed' }
}

function tell({ delivery, provider, deps }: Omit<Attempted, 'sentAt'>, state: DeliveryState): void {
  const attempt = delivery.record.attempts.at(-1)
  if (!attempt) return
  deps.events.emit('attempt.finished', {
    messageId: delivery.round.message.id,
    deliveryId: delivery.record.id,
    provider: provider.name,
    app: delivery.record.app,
    attempt,
    state,
  })
}

function effectOf(
  outcome: Outcome,
  { delivery, sentAt }: Attempted,
  isWave: boolean,
): RegistrationEffect | undefined {
  const { version, lastAcceptedAt } = delivery.registration
  const reason = outcome.reason ?? outcome.kind
  if (outcome.kind === 'unregistered')
    return { version, kind: 'unregistered', since: outcome.since ?? sentAt, reason }
  if (outcome.kind === 'misaddressed' && !isWave) {
    return { version, kind: 'misaddressed', suspendAt: STRIKES_TO_SUSPEND, reason }
  }
  if (outcome.kind !== 'accepted') return undefined
  if (delivery.firstAnswer !== undefined) {
    return { version, kind: 'accepted', learnedEnvironment: delivery.registration.environment }
  }
  const isRecent = lastAcceptedAt !== undefined && sentAt - lastAcceptedAt < LAST_ACCEPTED_PRECISION_MS
  return isRecent ? undefined : { version, kind: 'accepted' }
}

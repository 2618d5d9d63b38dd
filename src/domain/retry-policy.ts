import type { Clock } from './clock.ts'
import type { FinalDeliveryState } from './delivery.ts'
import type { FailurePace, Outcome, OutcomeKind } from './outcome.ts'

/** What follows an attempt. */
export type Decision =
  | { next: 'finish'; state: FinalDeliveryState }
  /** Another attempt in the same round: on another connection, or with a fresh credential. */
  | { next: 'again' }
  | { next: 'other-environment' }
  /** This delivery waits until `runAt`. */
  | { next: 'wait'; runAt: number }
  /** The whole scope waits, this delivery with it; without `untilMs` the scope's own backoff decides. */
  | { next: 'pause'; scope: string; kind: 'unsent' | 'deferred' | 'blocked'; untilMs?: number }

export interface DecisionContext {
  /** Attempts that counted, this one included. */
  attemptCount: number
  /** Immediate repeats already made in this round. */
  repeats: number
  /** Another environment exists and has not been tried for this delivery. */
  canTryOtherEnvironment: boolean
  clock: Pick<Clock, 'now' | 'random'>
}

const SECOND = 1000
const MINUTE = 60 * SECOND
/** Immediate repeats in one round; more would hammer a provider that is going down. */
export const MAX_REPEATS = 2
/** Bugs caught around an attempt until its delivery is dead. */
export const MAX_CRASHES = 5
/** Misaddressed deliveries until a registration is suspended. */
export const STRIKES_TO_SUSPEND = 3

const SERVER_DELAYS_MS = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 15 * MINUTE]
const UNRECOGNISED_DELAYS_MS = [MINUTE, 10 * MINUTE, 60 * MINUTE]
const LONGEST_DELAY_MS = 15 * MINUTE
const DEFERRED_BASE_MS = 15 * SECOND

/** Whether an attempt with this outcome counts: what provably never left does not. */
export const COUNTS = {
  accepted: true,
  unregistered: true,
  misaddressed: true,
  rejected: true,
  deferred: true,
  unsent: false,
  failed: true,
  blocked: false,
} as const satisfies Record<OutcomeKind, boolean>

type Rules = { [K in OutcomeKind]: (outcome: Outcome & { kind: K }, context: DecisionContext) => Decision }

const RULES = {
  accepted: () => ({ next: 'finish', state: 'accepted' }),
  unregistered: () => ({ next: 'finish', state: 'unregistered' }),
  misaddressed: (outcome, { canTryOtherEnvironment }) =>
    outcome.fault === 'environment' && canTryOtherEnvironment
      ? { next: 'other-environment' }
      : { next: 'finish', state: 'dead' },
  rejected: () => ({ next: 'finish', state: 'dead' }),
  deferred: afterDeferred,
  unsent: (outcome, { repeats }) =>
    outcome.retryNow && (outcome.isPaced || repeats < MAX_REPEATS)
      ? { next: 'again' }
      : { next: 'pause', scope: outcome.scope, kind: 'unsent' },
  failed: afterFailure,
  blocked: outcome => ({ next: 'pause', scope: outcome.scope, kind: 'blocked' }),
} as const satisfies Rules

/** The one place that turns outcomes into what happens next (the table is in docs/operations.md). */
export function decide(outcome: Outcome, context: DecisionContext): Decision {
  const rule = RULES[outcome.kind] as (outcome: Outcome, context: DecisionContext) => Decision
  return rule(outcome, context)
}

/** When a crashed attempt is made again. */
export function afterCrash(crashCount: number, clock: Pick<Clock, 'now' | 'random'>): number {
  return clock.now() + fullJitter(backoff('transport', crashCount), clock)
}

function afterDeferred(outcome: Outcome & { kind: 'deferred' }, context: DecisionContext): Decision {
  const { clock, attemptCount } = context
  const ownPace = clock.now() + fullJitter(doubling(DEFERRED_BASE_MS, attemptCount), clock)
  if (outcome.scope === undefined) return { next: 'wait', runAt: outcome.untilMs ?? ownPace }
  return {
    next: 'pause',
    scope: outcome.scope,
    kind: 'deferred',
    ...(outcome.untilMs === undefined ? {} : { untilMs: outcome.untilMs }),
  }
}

function afterFailure(outcome: Outcome & { kind: 'failed' }, context: DecisionContext): Decision {
  const { clock, attemptCount, repeats } = context
  if (outcome.pace === 'reconnect' && repeats === 0) return { next: 'again' }
  const delay = fullJitter(backoff(outcome.pace, attemptCount), clock)
  return { next: 'wait', runAt: clock.now() + (outcome.retryAfterMs ?? 0) + delay }
}

function backoff(pace: FailurePace, attemptCount: number): number {
  if (pace === 'server') return stepOf(SERVER_DELAYS_MS, attemptCount)
  return pace === 'unrecognised'
    ? stepOf(UNRECOGNISED_DELAYS_MS, attemptCount)
    : doubling(SECOND, attemptCount)
}

/** The last one again and again. */
function stepOf(delaysMs: readonly number[], attemptCount: number): number {
  return delaysMs[Math.min(attemptCount, delaysMs.length) - 1] ?? LONGEST_DELAY_MS
}

function doubling(baseMs: number, attemptCount: number): number {
  return Math.min(baseMs * 2 ** Math.min(Math.max(attemptCount - 1, 0), 20), LONGEST_DELAY_MS)
}

/** Uniform between nothing and the whole delay: spreads a crowd that failed together as widely as the delay allows. */
function fullJitter(delayMs: number, clock: Pick<Clock, 'random'>): number {
  return Math.round(delayMs * clock.random())
}

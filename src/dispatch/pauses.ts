import type { Clock } from '../domain/clock.ts'
import type { Events } from '../telemetry/events.ts'
import type { ActiveDelivery } from './round.ts'

export type PauseKind = 'unsent' | 'deferred' | 'blocked'

export interface Pause {
  readonly scope: string
  readonly since: number
  kind: PauseKind
  reason: string
  /** When the next probe is due. */
  retryAt: number
  /** Probes that failed. */
  failures: number
  /** The real message with which to see whether the scope works again; kept between probes, so that a failed one writes nothing. */
  probe?: ActiveDelivery
  cancelTimer: () => void
}

export interface PauseCause {
  scope: string
  kind: PauseKind
  reason: string
  /** When the provider said so; else the backoff decides. */
  untilMs?: number | undefined
}

const SECOND = 1000
/** First and longest wait between probes. A connection is worth a try soon, a wrong credential is not. */
const BACKOFF_MS = {
  unsent: { first: SECOND, longest: 30 * SECOND },
  deferred: { first: 30 * SECOND, longest: 300 * SECOND },
  blocked: { first: 10 * SECOND, longest: 300 * SECOND },
} as const satisfies Record<PauseKind, { first: number; longest: number }>

/** Which scopes wait, why, and until when. Says when a probe is due; whoever owns this sends it. */
export class Pauses {
  readonly #pauses = new Map<string, Pause>()
  readonly #clock: Clock
  readonly #events: Events
  readonly #onProbeDue: (pause: Pause) => void
  #isStopping = false

  constructor(clock: Clock, events: Events, onProbeDue: (pause: Pause) => void) {
    this.#clock = clock
    this.#events = events
    this.#onProbeDue = onProbeDue
  }

  /** The widest pause that holds a lane with these scopes back. */
  holding(scopes: readonly string[]): Pause | undefined {
    if (this.#pauses.size === 0) return undefined
    for (const scope of scopes) {
      const pause = this.#pauses.get(scope)
      if (pause) return pause
    }
    return undefined
  }

  /** The widest pause that holds back a lane of this name, known or not: a lane's name begins with its scopes. */
  holdingLane(lane: string): Pause | undefined {
    if (this.#pauses.size === 0) return undefined
    // By its parts, not by all pauses: there may be one for each host that somebody has registered.
    for (let end = lane.indexOf('/'); end >= 0; end = lane.indexOf('/', end + 1)) {
      const pause = this.#pauses.get(lane.slice(0, end))
      if (pause) return pause
    }
    return this.#pauses.get(lane)
  }

  /** Whether all around a paused scope is paused as well. */
  isWithinAnother(pause: Pause): boolean {
    return this.list().some(other => other !== pause && isWithin(pause.scope, other.scope))
  }

  list(): readonly Pause[] {
    return [...this.#pauses.values()]
  }

  /**
   * Pauses a scope. A pause that is on is prolonged only by the end of its own probe: what else was in flight when it
   * began says nothing new.
   */
  pause({ scope, kind, reason, untilMs }: PauseCause, probed?: Pause): Pause {
    const known = this.#pauses.get(scope)
    if (known && known !== probed) return known
    const pause = known ?? this.#begin(scope)
    pause.failures++
    const isNews = pause.kind !== kind || pause.reason !== reason || pause.failures === 1
    pause.kind = kind
    pause.reason = reason
    const waitMs = untilMs === undefined ? this.#backoff(pause) : Math.max(0, untilMs - this.#clock.now())
    pause.retryAt = this.#clock.now() + waitMs
    if (!this.#isStopping) pause.cancelTimer = this.#clock.after(waitMs, () => this.#onProbeDue(pause))
    if (isNews) this.#events.emit('scope.paused', { scope, reason, kind, retryMs: waitMs })
    return pause
  }

  /** For the reason that it has. */
  prolong(pause: Pause): void {
    const { scope, kind, reason } = pause
    this.pause({ scope, kind, reason }, pause)
  }

  resume(pause: Pause): void {
    if (this.#pauses.get(pause.scope) !== pause) return
    this.#pauses.delete(pause.scope)
    pause.cancelTimer()
    this.#events.emit('scope.resumed', { scope: pause.scope, pausedMs: this.#clock.now() - pause.since })
  }

  /** No probe becomes due any more. Answers the probes that were kept and are not in flight. */
  stop(): ActiveDelivery[] {
    this.#isStopping = true
    const pauses = this.list()
    for (const pause of pauses) pause.cancelTimer()
    return this.takeProbes()
  }

  /** The probes that were kept and are not in flight; they are kept no longer. */
  takeProbes(): ActiveDelivery[] {
    return this.list().flatMap(pause => {
      const { probe } = pause
      delete pause.probe
      return probe ? [probe] : []
    })
  }

  #begin(scope: string): Pause {
    const pause: Pause = {
      scope,
      since: this.#clock.now(),
      kind: 'unsent',
      reason: '',
      retryAt: 0,
      failures: 0,
      cancelTimer: () => {},
    }
    this.#pauses.set(scope, pause)
    return pause
  }

  /** Doubling, with the upper half of it random, so that several relays do not come back in step. */
  #backoff(pause: Pause): number {
    const { first, longest } = BACKOFF_MS[pause.kind]
    const full = Math.min(first * 2 ** Math.min(pause.failures - 1, 10), longest)
    return full / 2 + (full / 2) * this.#clock.random()
  }
}

/** Whether `lane` is `scope` or one of its parts: scopes are paths, `provider/credential/environment/topic`. */
export function isWithin(lane: string, scope: string): boolean {
  return lane === scope || lane.startsWith(`${scope}/`)
}

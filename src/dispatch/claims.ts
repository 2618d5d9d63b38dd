import type { Clock } from '../domain/clock.ts'
import type { NotificationSettings } from '../domain/notification.ts'
import type { ClaimedDelivery, Store, WaitingScope } from '../store/store.ts'
import type { Events } from '../telemetry/events.ts'
import { goneReason } from './attempt.ts'
import type { Lanes } from './lanes.ts'
import { Loop } from './loop.ts'
import { isWithin, type Pause, type Pauses } from './pauses.ts'
import { type ActiveDelivery, firstRound, Round } from './round.ts'
import type { Settler } from './settler.ts'
import type { Window } from './window.ts'

/** Rows per claim: enough to amortise a commit, few enough not to hold up an accept. */
const BATCH = 500
/** Usually the outbox is fetched in large steps, when half the window is free; not when something hangs in the window. */
const STALL_MS = 1000
/** Every wait has a wake; this only bounds the harm of one that is missed. */
const LONGEST_SLEEP_MS = 30_000

export interface ClaimsDependencies {
  store: Store
  settings: NotificationSettings
  clock: Clock
  events: Events
  window: Window
  pauses: Pauses
  settler: Settler
  lanes: Pick<Lanes, 'named' | 'all'>
  begin(round: Round): void
}

/** Takes from the store what is due: messages that were accepted without room in memory, and deliveries that waited. */
export class Claims {
  readonly #deps: ClaimsDependencies
  readonly #loop: Loop
  /** At start nobody knows what an earlier process left. */
  #hasOutboxBacklog = true
  #outboxChanges = 0
  #sleepsUntil = 0
  /** Since when there has been less room than for a large step. */
  #isShortSince: number | undefined
  /** Something was due in this turn, and the window was full. */
  #lacksRoom = false

  constructor(deps: ClaimsDependencies) {
    this.#deps = deps
    this.#loop = new Loop('claims', () => this.#turn(), deps)
  }

  get hasOutboxBacklog(): boolean {
    return this.#hasOutboxBacklog
  }

  start(): void {
    this.#loop.start()
  }

  stop(): Promise<void> {
    return this.#loop.stop()
  }

  wake(): void {
    this.#loop.wake()
  }

  wakeForOutbox(): void {
    this.#hasOutboxBacklog = true
    this.#outboxChanges++
    this.#loop.wake()
  }

  roomFreed(): void {
    if (this.#hasOutboxBacklog && this.#mayClaimOutbox()) this.#loop.wake()
  }

  /**
   * A delivery waits in the store from now on. Of what is held nothing is claimed, and the end of the pause wakes: each message
   * would ask the store in vain. But it has left room in memory, for which others may wait.
   */
  parked({ scope, runAt }: { scope: string; runAt: number }): void {
    const isHeld = this.#deps.pauses.holdingLane(scope) !== undefined
    if (isHeld ? this.#lacksRoom : runAt < this.#sleepsUntil) this.#loop.wake()
  }

  /** One due delivery of a paused scope: the one that the pause kept, else one from the store; undefined when none waits. */
  async probeFor(pause: Pause): Promise<ActiveDelivery | undefined> {
    const { probe: kept } = pause
    delete pause.probe
    if (kept) return kept
    const { store, clock } = this.#deps
    // Whichever has waited longest: a failed probe that went back is the last to be asked again, whatever its lane is called.
    const waiting = (await store.waitingScopes()).toSorted((a, b) => a.dueAt - b.dueAt)
    for (const { scope, dueAt } of waiting) {
      if (!isWithin(scope, pause.scope) || dueAt > clock.now()) continue
      for (const claimed of await store.claimDeliveries(scope, clock.now(), 1)) {
        const probe = this.#revive(claimed)
        return probe ?? this.probeFor(pause)
      }
    }
    return undefined
  }

  async #turn(): Promise<number> {
    // What is parked during this turn may come too late for it: then another turn follows.
    this.#sleepsUntil = Number.POSITIVE_INFINITY
    this.#lacksRoom = false
    const mayClaim = this.#hasOutboxBacklog && this.#mayClaimOutbox()
    const begun = mayClaim ? await this.#claimOutbox() : 0
    const due = await this.#claimDue()
    if (begun + due.begun > 0) return 0
    const now = this.#deps.clock.now()
    const longest = this.#hasOutboxBacklog ? STALL_MS : LONGEST_SLEEP_MS
    const sleepMs = Math.min(Math.max(due.nextAt - now, 0), longest)
    this.#sleepsUntil = now + sleepMs
    return sleepMs
  }

  #mayClaimOutbox(): boolean {
    if (this.#deps.window.isRoomy()) {
      this.#isShortSince = undefined
      return true
    }
    const now = this.#deps.clock.now()
    this.#isShortSince ??= now
    return now - this.#isShortSince >= STALL_MS
  }

  async #claimOutbox(): Promise<number> {
    const { store, window, settings, begin, settler } = this.#deps
    const limit = Math.min(window.room(), BATCH)
    if (limit === 0) return 0
    const changes = this.#outboxChanges
    const claimed = await store.claimMessages(limit)
    if (claimed.length < limit && changes === this.#outboxChanges) this.#hasOutboxBacklog = false
    for (const { message, registrations, revision } of claimed) {
      const round = firstRound(message, registrations, revision, settings)
      window.add(round.deliveries.length, round.textBytes)
      // Every registration went while the message waited.
      if (round.deliveries.length === 0) settler.settle(round)
      else begin(round)
    }
    return claimed.length
  }

  async #claimDue(): Promise<{ begun: number; nextAt: number }> {
    const { clock, pauses } = this.#deps
    let begun = 0
    let nextAt = Number.POSITIVE_INFINITY
    for (const { scope, dueAt } of await this.#waitingScopes()) {
      if (pauses.holdingLane(scope)) continue
      const taken = dueAt > clock.now() ? 0 : await this.#claimScope(scope)
      begun += taken
      // Due, but there is no room: the lane wakes this when it has some; at the latest it looks again itself.
      if (taken === 0) nextAt = Math.min(nextAt, dueAt > clock.now() ? dueAt : clock.now() + STALL_MS)
    }
    return { begun, nextAt }
  }

  /** Lanes of which nothing waits hear of it: a probe may have taken the last, and no claim would ever find out. */
  async #waitingScopes(): Promise<WaitingScope[]> {
    const { store, lanes } = this.#deps
    const checks = lanes
      .all()
      .flatMap(lane => (lane.hasBacklog ? [[lane.name, lane.checkStore()] as const] : []))
    const waiting = await store.waitingScopes()
    const names = new Set(waiting.map(({ scope }) => scope))
    for (const [name, nothingWaits] of checks) if (!names.has(name)) nothingWaits()
    return waiting
  }

  async #claimScope(scope: string): Promise<number> {
    const { store, window, clock, lanes, begin } = this.#deps
    const lane = lanes.named(scope)
    const limit = Math.min(lane?.room() ?? BATCH, window.room(), BATCH)
    if (limit === 0) {
      this.#lacksRoom ||= window.room() === 0
      lane?.expectBacklog()
      return 0
    }
    const checked = lane?.checkBacklog()
    const claimed = await store.claimDeliveries(scope, clock.now(), limit)
    checked?.(claimed.length < limit)
    for (const one of claimed) {
      const delivery = this.#revive(one)
      if (delivery) begin(delivery.round)
    }
    return claimed.length
  }

  /** Brings a claimed delivery into memory; undefined when its registration is gone, which ends it. */
  #revive({ message, record, registration, revision }: ClaimedDelivery): ActiveDelivery | undefined {
    const round = new Round(message, 'later', this.#deps.settings)
    if (!registration.found) {
      round.finish({ record: { ...record, state: 'unregistered', reason: goneReason(registration) } })
      this.#deps.window.add(0, round.textBytes)
      this.#deps.settler.settle(round)
      return undefined
    }
    const delivery = { round, record, registration: registration.registration, revision, repeats: 0 }
    round.deliveries.push(delivery)
    this.#deps.window.add(1, round.textBytes)
    return delivery
  }
}

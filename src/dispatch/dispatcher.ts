import type { Clock } from '../domain/clock.ts'
import type { NotificationSettings } from '../domain/notification.ts'
import type { MessageState } from '../domain/offline-message.ts'
import type { ProviderName } from '../domain/registration.ts'
import type { Provider } from '../providers/provider.ts'
import type { AcceptReceipt, QueuedMessage, Store } from '../store/store.ts'
import type { Events } from '../telemetry/events.ts'
import { type AttemptDependencies, attemptDelivery, type DeliveryEnd } from './attempt.ts'
import { Claims } from './claims.ts'
import type { Lane } from './lane.ts'
import { Lanes } from './lanes.ts'
import { LoneRefusals } from './lone-refusals.ts'
import { isWithin, type Pause, Pauses } from './pauses.ts'
import { ProvenScopes } from './proven-scopes.ts'
import { type ActiveDelivery, firstRound, type Round, resultOf } from './round.ts'
import { Settler } from './settler.ts'
import { type Wave, Waves } from './waves.ts'
import { Window } from './window.ts'

export interface DispatcherDependencies {
  store: Store
  providers: ReadonlyMap<ProviderName, Provider>
  settings: NotificationSettings
  clock: Clock
  events: Events
  /** Deliveries in memory at once. */
  windowDeliveries?: number
}

type Held = DeliveryEnd & { next: 'pause' }

/**
 * From the outbox to the providers. New messages come straight from memory; what waits is claimed when it is due. Every
 * delivery belongs to a lane; a lane whose scope is paused attempts nothing but one probe.
 */
export class Dispatcher {
  readonly #deps: DispatcherDependencies
  readonly #window: Window
  readonly #lanes: Lanes
  readonly #pauses: Pauses
  readonly #waves: Waves
  readonly #settler: Settler
  readonly #claims: Claims
  readonly #proven: ProvenScopes
  readonly #loneRefusals: LoneRefusals
  #isStopping = false
  #stopped: Promise<void> | undefined
  readonly #attemptDeps: AttemptDependencies

  constructor(deps: DispatcherDependencies) {
    this.#deps = deps
    const { clock, events } = deps
    this.#window = new Window(deps.windowDeliveries)
    this.#lanes = new Lanes(deps.providers, this.#window)
    this.#pauses = new Pauses(clock, events, pause => this.#probe(pause))
    this.#waves = new Waves(clock, events)
    this.#proven = new ProvenScopes(deps.store)
    this.#loneRefusals = new LoneRefusals(clock)
    this.#attemptDeps = { ...deps, waves: this.#waves, isProven: scope => this.#proven.has(scope) }
    this.#settler = new Settler(deps, (round, state) => this.#leave(round, state))
    this.#claims = new Claims({
      ...deps,
      window: this.#window,
      pauses: this.#pauses,
      lanes: this.#lanes,
      settler: this.#settler,
      begin: round => this.#enter(round),
    })
  }

  /** Reads what must be known before the first attempt. */
  load(): Promise<void> {
    return this.#proven.load()
  }

  start(): void {
    for (const provider of this.#deps.providers.values()) provider.onCapacity(scope => this.#pump(scope))
    this.#claims.start()
  }

  /** False once something waits in the outbox: what comes later joins its end, so that order is kept. */
  reserve(messages: number, bytes: number): boolean {
    return !this.#isStopping && !this.#claims.hasOutboxBacklog && this.#window.reserve(messages, bytes)
  }

  giveBack(messages: number, bytes: number): void {
    this.#window.release(messages, bytes)
  }

  take(message: QueuedMessage, receipt: AcceptReceipt & { status: 'queued' }): void {
    const round = firstRound(message, receipt.registrations, receipt.revision, this.#deps.settings)
    // One place was reserved before the number of devices was known.
    this.#window.add(round.deliveries.length - 1, 0)
    this.#enter(round)
  }

  /** Messages wait in the outbox that nobody has begun. */
  wake(): void {
    this.#claims.wakeForOutbox()
  }

  /** Deliveries that waited may be due now: their registration changed, or an operator revived them. */
  wakeForDue(): void {
    this.#claims.wake()
  }

  pauses(): readonly Pause[] {
    return this.#pauses.list()
  }

  waves(): readonly Wave[] {
    return this.#waves.list()
  }

  inMemory(): number {
    return this.#window.deliveries()
  }

  /**
   * Begins nothing more, lets what is in flight finish within `limitMs`, and gives the rest back to the outbox. What is
   * cut off is attempted again after the next start, with the same ids.
   */
  stop(limitMs: number): Promise<void> {
    this.#stopped ??= this.#stop(limitMs)
    return this.#stopped
  }

  /** Our leases are void: what is in memory may be with another node. It goes back unsent, which then changes nothing. */
  forget(): void {
    this.#putBack(this.#pauses.takeProbes())
    this.#claims.wakeForOutbox()
  }

  async #stop(limitMs: number): Promise<void> {
    this.#isStopping = true
    await this.#claims.stop()
    this.#putBack(this.#pauses.stop())
    await this.#lanes.idle(limitMs, this.#deps.clock)
    await this.#settler.stop()
    // A store that cannot write now gives them back at its next start.
    await this.#deps.store.releaseLeases().catch(() => {})
  }

  #putBack(probes: readonly ActiveDelivery[]): void {
    for (const probe of probes) this.#park(probe, this.#deps.clock.now())
    for (const lane of this.#lanes.all()) this.#parkAll(lane)
  }

  #enter(round: Round): void {
    for (const delivery of round.deliveries) this.#offer(delivery)
  }

  #offer(delivery: ActiveDelivery): void {
    const lane = this.#lanes.for(delivery.registration)
    const joinsEnd = delivery.round.kind === 'first' && lane.hasBacklog
    const hasRoom = lane.room() > 0 && (delivery.round.kind === 'later' || !this.#window.isOverfull())
    if (this.#isStopping || joinsEnd || !hasRoom || this.#pauses.holding(lane.scopes))
      this.#park(delivery, delivery.round.message.receivedAt)
    else {
      lane.push(delivery)
      this.#pump(lane.scopes[0])
    }
  }

  /** Begins what the provider has capacity for in this widest scope. */
  #pump(scope: string): void {
    const group = this.#lanes.group(scope)
    if (this.#isStopping || !group) return
    const isHeld = (lane: Lane) => this.#pauses.holding(lane.scopes) !== undefined
    for (let next = group.begin(isHeld); next; next = group.begin(isHeld))
      void this.#run(next.delivery, next.lane)
    for (const lane of group.lanes())
      if (lane.hasBacklog && lane.isRoomy() && !isHeld(lane)) this.#claims.wake()
  }

  async #run(delivery: ActiveDelivery, lane: Lane): Promise<void> {
    const end = await attemptDelivery(delivery, lane.provider, this.#attemptDeps)
    if (end.next === 'pause') this.#hold(delivery, end)
    else this.#conclude(delivery, end)
    this.#lanes.ended(lane)
    this.#pump(lane.scopes[0])
  }

  #hold(delivery: ActiveDelivery, end: Held): void {
    const aloneUntil = this.#loneRefusals.refused(end, delivery.registration)
    if (aloneUntil === undefined) this.#pauseScope(end)
    this.#park(delivery, aloneUntil ?? delivery.round.message.receivedAt, end)
  }

  #pauseScope(end: Held, probed?: Pause): Pause {
    const pause = this.#pauses.pause({ ...end, reason: end.reason ?? end.kind }, probed)
    for (const lane of this.#lanes.within(end.scope)) {
      lane.expectBacklog()
      this.#parkAll(lane)
    }
    return pause
  }

  #parkAll(lane: Lane): void {
    for (const delivery of lane.takeAll()) this.#park(delivery, delivery.round.message.receivedAt)
  }

  #probe(pause: Pause): void {
    if (this.#isStopping) return
    // While all around it is paused nothing can be learned about this scope alone.
    if (this.#pauses.isWithinAnother(pause)) {
      this.#prolong(pause)
      return
    }
    this.#claims.probeFor(pause).then(
      probe => {
        if (probe && this.#isStopping) this.#park(probe, this.#deps.clock.now())
        else if (probe) void this.#runProbe(pause, probe)
        // Nothing waits any more: the next message finds out.
        else this.#resume(pause)
      },
      // The store cannot say what waits.
      () => this.#prolong(pause),
    )
  }

  async #runProbe(pause: Pause, probe: ActiveDelivery): Promise<void> {
    const { attempts } = probe.record
    probe.repeats = 0
    const lane = this.#lanes.for(probe.registration)
    lane.beginProbe()
    const end = await attemptDelivery(probe, lane.provider, this.#attemptDeps)
    this.#lanes.ended(lane)
    if (end.next === 'pause') this.#probeFailed(pause, probe, end)
    else {
      this.#conclude(probe, end)
      // Expired or gone before it was sent: it tells nothing about the scope.
      if (probe.record.attempts === attempts) this.#probe(pause)
      else if (probe.record.attempts.at(-1)?.status === undefined) this.#prolong(pause)
      else this.#resume(pause)
    }
    // Other lanes of its group may have waited for its place.
    this.#pump(lane.scopes[0])
  }

  #probeFailed(pause: Pause, probe: ActiveDelivery, end: Held): void {
    this.#loneRefusals.refused(end, probe.registration)
    const next = this.#pauseScope(end, pause)
    // Only a part of what was probed is wrong: the rest works again. Anything else says nothing about it.
    if (isWithin(next.scope, pause.scope) && next !== pause) this.#resume(pause)
    else if (next !== pause) this.#prolong(pause)
    // Kept, a failed probe writes nothing. But where somebody answered, it may be this one registration's doing, so that each
    // time another message asks. And a thousand dead hosts must leave room in memory for everybody else.
    const mayKeep = next.kind === 'unsent' && this.#window.isRoomy() && !this.#isStopping
    const isKept = mayKeep && next.probe === undefined
    if (isKept) next.probe = probe
    else this.#park(probe, this.#deps.clock.now(), end)
  }

  #prolong(pause: Pause): void {
    if (!this.#isStopping) this.#pauses.prolong(pause)
  }

  #resume(pause: Pause): void {
    this.#pauses.resume(pause)
    this.#claims.wake()
  }

  #conclude(delivery: ActiveDelivery, end: Exclude<DeliveryEnd, { next: 'pause' }>): void {
    if (end.next === 'wait') {
      this.#park(delivery, end.runAt, end)
      return
    }
    if (end.state === 'accepted') {
      const lane = this.#lanes.for(delivery.registration)
      this.#proven.add(lane)
      this.#loneRefusals.accepted(lane.scopes, delivery.registration)
    }
    const reason = end.state === 'accepted' ? undefined : end.reason
    const record = { ...delivery.record, state: end.state }
    this.#settler.finish(delivery, resultOf(record, { reason, effect: end.effect }))
  }

  /** The delivery goes on waiting in the store. */
  #park(delivery: ActiveDelivery, runAt: number, end?: DeliveryEnd): void {
    const lane = this.#lanes.for(delivery.registration)
    lane.startParking(runAt <= this.#deps.clock.now())
    const reason = end?.reason ?? this.#pauses.holdingLane(lane.name)?.reason
    const wait = { scope: lane.name, runAt }
    this.#settler.finish(delivery, resultOf(delivery.record, { reason, effect: end?.effect, wait }))
  }

  #leave(round: Round, state: MessageState | undefined): void {
    this.#window.release(round.deliveries.length, round.textBytes)
    if (state) this.#deps.events.emit('message.settled', { messageId: round.message.id, state })
    // The store started anew and gave the lease back: what was done is not recorded, so it is to be done again.
    else if (!this.#isStopping) this.#claims.wakeForOutbox()
    for (const { wait } of round.results) {
      if (!wait) continue
      this.#lanes.named(wait.scope)?.endParking()
      this.#claims.parked(wait)
    }
    this.#claims.roomFreed()
  }
}

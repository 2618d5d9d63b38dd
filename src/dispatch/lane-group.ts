import type { Provider } from '../providers/provider.ts'
import type { Lane } from './lane.ts'
import type { ActiveDelivery } from './round.ts'

/** The lanes of one widest scope: they share the provider's connections, and take turns. */
export class LaneGroup {
  readonly #scope: string
  readonly #provider: Provider
  readonly #lanes: Lane[] = []
  #turn = 0

  constructor(scope: string, provider: Provider) {
    this.#scope = scope
    this.#provider = provider
  }

  add(lane: Lane): void {
    this.#lanes.push(lane)
  }

  /** False once it is empty. */
  remove(lane: Lane): boolean {
    this.#lanes.splice(this.#lanes.indexOf(lane), 1)
    return this.#lanes.length > 0
  }

  lanes(): readonly Lane[] {
    return this.#lanes
  }

  /** The next delivery to attempt, counted as in flight; undefined when there is none or the provider has enough. */
  begin(isHeld: (lane: Lane) => boolean): { lane: Lane; delivery: ActiveDelivery } | undefined {
    for (let tried = 0; tried < this.#lanes.length; tried++) {
      const lane = this.#lanes[this.#turn % this.#lanes.length]
      const isReady = lane !== undefined && !lane.isEmpty() && !isHeld(lane)
      // Whose turn it is stays so until there is room for it.
      if (isReady && !this.#hasCapacity()) return undefined
      this.#turn++
      const delivery = isReady ? lane.begin() : undefined
      if (lane && delivery) return { lane, delivery }
    }
    return undefined
  }

  #hasCapacity(): boolean {
    const inFlight = this.#lanes.reduce((sum, lane) => sum + lane.inFlight(), 0)
    return inFlight < this.#provider.capacity(this.#scope)
  }
}

import type { Clock } from '../domain/clock.ts'
import type { ProviderName, Registration } from '../domain/registration.ts'
import type { Provider } from '../providers/provider.ts'
import { createAbsentProvider } from './absent-provider.ts'
import { Lane } from './lane.ts'
import { LaneGroup } from './lane-group.ts'
import { ProviderShare, type Window } from './window.ts'

/** Lanes from which on idle ones are forgotten. */
const FIRST_SWEEP = 1000

/** All lanes of this process, made when they are first needed. */
export class Lanes {
  readonly #providers: ReadonlyMap<ProviderName, Provider>
  readonly #absent = new Map<ProviderName, Provider>()
  readonly #window: Window
  readonly #shares = new Map<ProviderName, ProviderShare>()
  readonly #lanes = new Map<string, Lane>()
  readonly #groups = new Map<string, LaneGroup>()
  #sweepAt = FIRST_SWEEP
  #onIdle: (() => void) | undefined

  constructor(providers: ReadonlyMap<ProviderName, Provider>, window: Window) {
    this.#providers = providers
    this.#window = window
  }

  /** The lane in which deliveries to this registration wait and are attempted. */
  for(registration: Registration): Lane {
    const provider = this.#providerOf(registration.provider)
    const scopes = provider.scopesOf(registration)
    const name = scopes[scopes.length - 1] ?? scopes[0]
    const known = this.#lanes.get(name)
    if (known) return known
    if (this.#lanes.size >= this.#sweepAt) this.#sweep()
    const lane = new Lane(scopes, provider, this.#shareOf(provider.name))
    this.#groupOf(scopes[0], provider).add(lane)
    this.#lanes.set(name, lane)
    return lane
  }

  named(name: string): Lane | undefined {
    return this.#lanes.get(name)
  }

  /** The lanes of a widest scope; undefined when there are none yet. */
  group(scope: string): LaneGroup | undefined {
    return this.#groups.get(scope)
  }

  all(): Lane[] {
    return [...this.#lanes.values()]
  }

  /** Those that pause with this scope. */
  within(scope: string): Lane[] {
    return this.all().filter(lane => lane.scopes.includes(scope))
  }

  /** To be called after every attempt. */
  ended(lane: Lane): void {
    lane.end()
    if (this.#onIdle && this.#isIdle()) this.#onIdle()
  }

  /** Resolves when nothing is in flight, at the latest after `limitMs`. */
  idle(limitMs: number, clock: Clock): Promise<void> {
    if (this.#isIdle()) return Promise.resolve()
    return new Promise(resolve => {
      const cancel = clock.after(limitMs, () => resolve())
      this.#onIdle = () => {
        cancel()
        resolve()
      }
    })
  }

  /** A registration outlives the configuration of its provider. */
  #providerOf(name: ProviderName): Provider {
    const known = this.#providers.get(name) ?? this.#absent.get(name)
    if (known) return known
    const absent = createAbsentProvider(name)
    this.#absent.set(name, absent)
    return absent
  }

  #shareOf(name: ProviderName): ProviderShare {
    const known = this.#shares.get(name)
    if (known) return known
    const share = new ProviderShare(this.#window)
    this.#shares.set(name, share)
    return share
  }

  /** Some scopes are chosen by those who register (webpush has one for each host), so idle lanes must not pile up. */
  #sweep(): void {
    for (const [name, lane] of this.#lanes) {
      if (!lane.isIdle()) continue
      this.#lanes.delete(name)
      const [scope] = lane.scopes
      if (this.#groups.get(scope)?.remove(lane) === false) this.#groups.delete(scope)
    }
    this.#sweepAt = Math.max(FIRST_SWEEP, 2 * this.#lanes.size)
  }

  #groupOf(scope: string, provider: Provider): LaneGroup {
    const known = this.#groups.get(scope)
    if (known) return known
    const group = new LaneGroup(scope, provider)
    this.#groups.set(scope, group)
    return group
  }

  #isIdle(): boolean {
    return this.all().every(lane => lane.inFlight() === 0)
  }
}

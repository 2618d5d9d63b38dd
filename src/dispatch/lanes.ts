import type { Clock } from '../domain/clock.ts'
import type { ProviderName, Registration } from '../domain/registration.ts'
import type { Provider } from '../providers/provider.ts'
import { createAbsentProvider } from './absent-provider.ts'
import { Lane } from './lane.ts'
import { LaneGroup } from './lane-group.ts'

/** All lanes of this process, made when they are first needed. */
export class Lanes {
  readonly #providers: ReadonlyMap<ProviderName, Provider>
  readonly #absent = new Map<ProviderName, Provider>()
  readonly #limit: number
  readonly #lanes = new Map<string, Lane>()
  readonly #groups = new Map<string, LaneGroup>()
  #onIdle: (() => void) | undefined

  constructor(providers: ReadonlyMap<ProviderName, Provider>, limit: number) {
    this.#providers = providers
    this.#limit = limit
  }

  /** The lane in which deliveries to this registration wait and are attempted. */
  for(registration: Registration): Lane {
    const provider = this.#providerOf(registration.provider)
    const scopes = provider.scopesOf(registration)
    const name = scopes[scopes.length - 1] ?? scopes[0]
    const known = this.#lanes.get(name)
    if (known) return known
    const lane = new Lane(scopes, provider, this.#limit)
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

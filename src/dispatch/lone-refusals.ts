import type { Clock } from '../domain/clock.ts'
import type { RegistrationKey } from '../domain/registration.ts'
import type { PauseCause } from './pauses.ts'

/** For so long after the last one it is known whose refusals are theirs alone. */
const MEMORY_MS = 3_600_000
/** As long as the longest wait between the probes of a pause. */
const WAIT_MS = 300_000
/** Scopes, recipients of one, and those who are alone. Who is forgotten beyond it may pause a scope once more. */
const MOST = 1000

type Refused = Pick<RegistrationKey, 'recipient' | 'device'>

/**
 * Tells a credential that is refused from a registration that is. Where others are accepted after a refusal, it was about
 * that recipient, who waits alone from then on: else every message to them would pause everybody.
 */
export class LoneRefusals {
  readonly #clock: Pick<Clock, 'now'>
  /** By scope: whose device was refused since anybody's was accepted. */
  readonly #refused = new Map<string, Map<string, string>>()
  /** By scope and recipient, who can have as many devices as they like. */
  readonly #alone = new Map<string, { device: string; until: number }>()

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  /** Until when this registration waits alone; undefined when what it was told may be meant for everybody. */
  refused({ kind, scope }: Pick<PauseCause, 'kind' | 'scope'>, refused: Refused): number | undefined {
    if (kind !== 'blocked') return undefined
    const known = this.#alone.get(keyOf(scope, refused.recipient))
    if (known !== undefined && this.#clock.now() < known.until) {
      this.#leaveAlone(scope, refused)
      return this.#clock.now() + WAIT_MS
    }
    const all = this.#refused.get(scope) ?? new Map<string, string>()
    put(all, refused.recipient, refused.device)
    put(this.#refused, scope, all)
    return undefined
  }

  accepted(scopes: readonly string[], registration: Refused): void {
    if (this.#refused.size === 0 && this.#alone.size === 0) return
    for (const scope of scopes) this.#acceptedIn(scope, registration)
  }

  #acceptedIn(scope: string, { recipient, device }: Refused): void {
    const key = keyOf(scope, recipient)
    if (this.#alone.get(key)?.device === device) this.#alone.delete(key)
    const all = this.#refused.get(scope)
    if (all === undefined) return
    this.#refused.delete(scope)
    if (all.get(recipient) === device) all.delete(recipient)
    for (const [other, refusedDevice] of all)
      this.#leaveAlone(scope, { recipient: other, device: refusedDevice })
  }

  #leaveAlone(scope: string, { recipient, device }: Refused): void {
    put(this.#alone, keyOf(scope, recipient), { device, until: this.#clock.now() + MEMORY_MS })
  }
}

function keyOf(scope: string, recipient: string): string {
  return `${scope}\n${recipient}`
}

/** As the newest; the oldest makes room. */
function put<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > MOST && oldest !== undefined) map.delete(oldest)
}

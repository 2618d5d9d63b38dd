import type { Clock } from '../domain/clock.ts'
import type { ProviderName, Registration } from '../domain/registration.ts'
import type { Events } from '../telemetry/events.ts'

const WINDOW_MS = 10 * 60_000
/** Fewer misaddressed recipients than this are chance, however large their share. */
const LEAST_MISADDRESSED = 10
const SHARE = 0.2
/** Beyond this many recipients in a window the count is precise enough; memory stays bounded. */
const MAX_COUNTED = 20_000

export interface Wave {
  provider: ProviderName
  /** What the provider's tokens are bound to: a registration's app. */
  topic: string
  misaddressed: number
  recipients: number
}

interface TopicWindow {
  provider: ProviderName
  topic: string
  startedAt: number
  recipients: Set<string>
  misaddressed: Set<string>
  /** As found in this window, or carried over from the one before. */
  isWave: boolean
  wasFound: boolean
}

/**
 * Tells one user's wrong token from our wrong configuration: when more than a fifth of a topic's recipients, and at least
 * ten, turn out misaddressed within ten minutes, nobody is to be suspended for it.
 */
export class Waves {
  readonly #topics = new Map<string, TopicWindow>()
  readonly #clock: Pick<Clock, 'now'>
  readonly #events: Events

  constructor(clock: Pick<Clock, 'now'>, events: Events) {
    this.#clock = clock
    this.#events = events
  }

  /** Notes how an attempt ended. True while a wave is on for its topic. */
  observe({ provider, app, recipient }: Registration, isMisaddressed: boolean): boolean {
    const window = this.#windowOf(provider, app)
    if (window.recipients.size < MAX_COUNTED) window.recipients.add(recipient)
    if (!isMisaddressed) return window.isWave
    if (window.misaddressed.size < MAX_COUNTED) window.misaddressed.add(recipient)
    const [misaddressed, recipients] = [window.misaddressed.size, window.recipients.size]
    const isWave = misaddressed >= LEAST_MISADDRESSED && misaddressed > SHARE * recipients
    if (isWave && !window.isWave)
      this.#events.emit('wave.started', { provider, topic: app, misaddressed, recipients })
    window.wasFound ||= isWave
    window.isWave ||= isWave
    return window.isWave
  }

  /** The waves that are on. */
  list(): Wave[] {
    const oldest = this.#clock.now() - WINDOW_MS
    const on = [...this.#topics.values()].filter(({ isWave, startedAt }) => isWave && startedAt > oldest)
    return on.map(({ provider, topic, misaddressed, recipients }) => ({
      provider,
      topic,
      misaddressed: misaddressed.size,
      recipients: recipients.size,
    }))
  }

  #windowOf(provider: ProviderName, topic: string): TopicWindow {
    const key = `${provider}/${topic}`
    const known = this.#topics.get(key)
    const now = this.#clock.now()
    if (known && now - known.startedAt < WINDOW_MS) return known
    // A wave that goes on must suspend nobody while a new window fills; it ends with a whole window without one.
    const isCarried = known?.wasFound === true && now - known.startedAt < 2 * WINDOW_MS
    if (known?.isWave && !isCarried) this.#events.emit('wave.ended', { provider, topic })
    const fresh: TopicWindow = {
      provider,
      topic,
      startedAt: now,
      recipients: new Set(),
      misaddressed: new Set(),
      isWave: isCarried,
      wasFound: false,
    }
    this.#topics.set(key, fresh)
    return fresh
  }
}

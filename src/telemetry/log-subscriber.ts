import { type Clock, systemClock } from '../domain/clock.ts'
import { describeError } from './describe-error.ts'
import type { EventName, Events, RelayEvents } from './events.ts'

/** `info`: lifecycle; `warn`: someone should look; `error`: we lost something, or could. Below: nobody reads it all. */
type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error'

export type LogMethod = (fields: object, message: string) => void
export type EventLogger = Record<Level, LogMethod>

type Line = readonly [level: Level, message: string, fields: object]

/** Writes every event as one line with fixed fields. No line holds a body, a token, a credential, an URL or a JID. */
export function subscribeLog(
  events: Events,
  logger: EventLogger,
  clock: Pick<Clock, 'monotonic'> = systemClock,
): void {
  for (const name of Object.keys(LINES) as (keyof typeof LINES)[]) subscribe(events, name, logger)
  events.on('request.refused', refusalWriter(logger, clock))
}

function subscribe<N extends keyof Lines>(events: Events, name: N, logger: EventLogger): void {
  events.on(name, event => {
    const [level, message, fields] = LINES[name](event)
    logger[level](fields, message)
  })
}

type Lines = { [N in Exclude<EventName, 'request.refused'>]: (event: RelayEvents[N]) => Line }

// Nothing per message at info or above, unless the message got lost: at 2000 a second nobody finds the rest.
const LINES: Lines = {
  'routes.opened': ({ routes }) => ['trace', 'routes opened', { count: routes.length }],
  'relay.started': ({ address, version, role }) => ['info', 'started', { address, version, role }],
  'relay.stopping': ({ signal }) => ['info', 'stopping', { signal }],
  'relay.stopped': () => ['info', 'stopped', {}],
  'message.accepted': ({ messageId, status, reason, durationMs, leased }) => [
    'debug',
    'message accepted',
    { messageId, status, reason, durationMs: rounded(durationMs), leased },
  ],
  // Of a dead one the attempt says why; an expired one may have had none.
  'message.settled': ({ messageId, state }) => [
    state === 'expired' ? 'warn' : 'debug',
    state === 'pending' ? 'round settled: the message waits' : 'message settled',
    { messageId, state },
  ],
  'attempt.finished': ({ messageId, deliveryId, provider, app, attempt, state }) => {
    const { number, outcome, status, reason, durationMs, environment } = attempt
    return [
      state === 'dead' ? 'warn' : 'debug',
      state === 'dead' ? 'delivery is dead: it is not tried again' : 'attempt finished',
      {
        messageId,
        deliveryId,
        attempt: number,
        provider,
        app,
        environment,
        outcome,
        status,
        reason,
        durationMs: rounded(durationMs),
        state,
      },
    ]
  },
  'attempt.crashed': ({ messageId, deliveryId, provider, error }) => [
    'error',
    'attempt crashed',
    { messageId, deliveryId, provider, error: describeError(error) },
  ],
  'provider.unknown-reason': ({ provider, status, reason }) => [
    'warn',
    'provider gave a reason that is not known',
    { provider, status, reason },
  ],
  'provider.connection': ({ provider, scope, state, reason }) => [
    CONNECTION_LEVELS[state],
    `provider connection ${state}`,
    { provider, scope, reason },
  ],
  'scope.paused': ({ scope, reason, kind, retryMs }) => [
    kind === 'deferred' ? 'info' : 'warn',
    'scope paused: its messages wait',
    { scope, reason, kind, retryMs: rounded(retryMs) },
  ],
  'scope.resumed': ({ scope, pausedMs }) => ['info', 'scope resumed', { scope, pausedMs: rounded(pausedMs) }],
  'registration.changed': ({ change }) => [
    change === 'too-many-moves' ? 'warn' : 'debug',
    'registration changed',
    { change },
  ],
  'wave.started': ({ provider, topic, misaddressed, recipients }) => [
    'warn',
    'many tokens of a topic are refused: suspect our configuration; no registration is suspended meanwhile',
    { provider, topic, misaddressed, recipients },
  ],
  'wave.ended': ({ provider, topic }) => [
    'info',
    'tokens of a topic are accepted again',
    { provider, topic },
  ],
  'store.commit': ({ durationMs, operations }) => [
    'trace',
    'store commit',
    { durationMs: rounded(durationMs), operations },
  ],
  'store.unavailable': ({ reason }) => ['error', 'store unavailable: nothing can be accepted', { reason }],
  'store.thread-ended': ({ thread, cause }) => [
    'error',
    'store thread ended: it is started again',
    { thread, cause },
  ],
  'store.recovered': () => ['info', 'store recovered', {}],
  'store.leases-lost': () => [
    'warn',
    'this node was silent for so long that the others took it for dead: what it had begun may be sent twice',
    {},
  ],
  'store.leases-freed': ({ count }) => ['warn', 'took over from a node that is gone', { count }],
  'store.outbox-waits': () => ['debug', 'messages wait that nobody has begun', {}],
  'store.presence': ({ state, reason }) => [
    state === 'heard' ? 'info' : 'warn',
    state === 'heard' ? 'hears what other nodes change' : 'does not hear what other nodes change',
    { reason },
  ],
  'loop.failed': ({ loop, error }) => ['error', 'loop failed', { loop, error: describeError(error) }],
}

const CONNECTION_LEVELS = { connected: 'info', closed: 'debug', failed: 'warn' } as const

function rounded(durationMs: number): number {
  return Math.round(durationMs * 10) / 10
}

/** A caller that does not stop must not fill the log; the metric counts all of them. */
const REFUSAL_SILENCE_MS = 60_000

/**
 * At most one warning a minute for each route, code and cause, which are closed sets; what it left out is counted in the
 * next one, and has its line at debug. Those that look for what is not here are no concern of ours: info.
 */
function refusalWriter(logger: EventLogger, clock: Pick<Clock, 'monotonic'>) {
  const written = new Map<string, { at: number; suppressed: number }>()
  return ({ route, code, cause }: RelayEvents['request.refused']): void => {
    const key = `${route} ${code} ${cause}`
    const last = written.get(key)
    const now = clock.monotonic()
    if (last !== undefined && now - last.at < REFUSAL_SILENCE_MS) {
      last.suppressed++
      logger.debug({ route, code, cause }, 'request refused')
      return
    }
    written.set(key, { at: now, suppressed: 0 })
    const level = route === '(none)' ? 'info' : 'warn'
    logger[level]({ route, code, cause, suppressed: last?.suppressed ?? 0 }, 'request refused')
  }
}

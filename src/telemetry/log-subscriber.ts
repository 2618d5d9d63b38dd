import { describeError } from './describe-error.ts'
import type { EventName, Events, RelayEvents } from './events.ts'

/** `info`: lifecycle; `warn`: someone should look; `error`: we lost something, or could. Below: nobody reads it all. */
type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error'

export type LogMethod = (fields: object, message: string) => void
export type EventLogger = Record<Level, LogMethod>

type Line = readonly [level: Level, message: string, fields: object]

/** Writes every event as one line with fixed fields. No line holds a body, a token, a credential, an URL or a JID. */
export function subscribeLog(events: Events, logger: EventLogger): void {
  for (const name of Object.keys(LINES) as EventName[]) subscribe(events, name, logger)
}

function subscribe<N extends EventName>(events: Events, name: N, logger: EventLogger): void {
  events.on(name, event => {
    const [level, message, fields] = LINES[name](event)
    logger[level](fields, message)
  })
}

type Lines = { [N in EventName]: (event: RelayEvents[N]) => Line }

// Nothing per message at info or above, unless the message got lost: at 2000 a second nobody finds the rest.
const LINES: Lines = {
  'relay.started': ({ address, version }) => ['info', 'started', { address, version }],
  'relay.stopping': ({ signal }) => ['info', 'stopping', { signal }],
  'relay.stopped': () => ['info', 'stopped', {}],
  'message.accepted': ({ messageId, status, reason, durationMs, leased }) => [
    'debug',
    'message accepted',
    { messageId, status, reason, durationMs: rounded(durationMs), leased },
  ],
  'message.settled': ({ messageId, state }) => [
    state === 'dead' || state === 'expired' ? 'warn' : 'debug',
    'message settled',
    { messageId, state },
  ],
  'attempt.finished': ({ messageId, deliveryId, provider, app, attempt, state }) => {
    const { number, outcome, status, reason, durationMs, environment } = attempt
    return [
      'debug',
      'attempt finished',
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
  'wave.started': ({ topic, misaddressed, recipients }) => [
    'warn',
    'many tokens of a topic are refused: suspect our configuration; no registration is suspended meanwhile',
    { topic, misaddressed, recipients },
  ],
  'wave.ended': ({ topic }) => ['info', 'tokens of a topic are accepted again', { topic }],
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
  'loop.failed': ({ loop, error }) => ['error', 'loop failed', { loop, error: describeError(error) }],
}

const CONNECTION_LEVELS = { connected: 'info', closed: 'debug', failed: 'warn' } as const

function rounded(durationMs: number): number {
  return Math.round(durationMs * 10) / 10
}

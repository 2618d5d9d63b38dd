/**
 * The closed result of one attempt. Providers return it, never throw it.
 * `reason` is the provider's own word, verbatim; `status` its status code, absent when nothing came back.
 * What each kind does to the delivery and the registration is decided in retry-policy.ts.
 */
export type Outcome = {
  /** Provider's status code (HTTP), absent when no response was read. */
  status?: number
  /** Short, closed or provider-verbatim; never a token, a body or a credential. */
  reason?: string
} & (
  | /** The provider took it. Nobody knows whether it was shown. */ { kind: 'accepted' }
  | /** The token is dead since `since` (ms); absent: since the time of sending. */ {
      kind: 'unregistered'
      since?: number
    }
  | /** The token does not belong to this environment or app. */ {
      kind: 'misaddressed'
      fault: 'environment' | 'app'
    }
  | /** This notification will never be taken. */ { kind: 'rejected' }
  | /** Told to wait. With a scope the whole scope waits, else only this registration. */ {
      kind: 'deferred'
      /** Absent when the provider named no time: then the attempt count decides. */
      untilMs?: number
      scope?: string
    }
  | /** Provably not handed over. `retryNow`: another connection may take it at once. */ {
      kind: 'unsent'
      scope: string
      retryNow: boolean
      /** Each repeat waits for a new connection, so that any number of them harms nobody. */
      isPaced?: true
    }
  | /** Unknown whether it was taken. */ { kind: 'failed'; pace: FailurePace; retryAfterMs?: number }
  | /** Our credential or configuration is wrong: messages wait, an operator must act. */ {
      kind: 'blocked'
      scope: string
    }
)

/**
 * How a failed attempt is repeated: `transport` (timeout, reset) from 1 s doubling to 15 min; `server` (5xx) 5 s, 30 s,
 * 2 min, then every 15 min; `reconnect` (the server is going down) once at once on a new connection, then as `transport`;
 * `unrecognised` (the provider knows no ids, so that what it took before is shown once more) 1 min, 10 min, then every hour.
 */
export type FailurePace = 'transport' | 'server' | 'reconnect' | 'unrecognised'

export type OutcomeKind = Outcome['kind']

export const OUTCOME_KINDS = [
  'accepted',
  'unregistered',
  'misaddressed',
  'rejected',
  'deferred',
  'unsent',
  'failed',
  'blocked',
] as const satisfies readonly OutcomeKind[]

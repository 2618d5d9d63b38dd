import type { Outcome } from '../domain/outcome.ts'

/** What most tables from answers to outcomes have in common. */
export interface TimedAnswer {
  /** From `retry-after`. */
  retryAfterMs?: number
}

export interface AnswerContext {
  now: number
  /** What pauses when the credential, or all of its traffic, is meant. */
  scope: string
}

export function rejected(): Outcome {
  return { kind: 'rejected' }
}

export function unregistered(): Outcome {
  return { kind: 'unregistered' }
}

export function blocked(_answer: unknown, { scope }: Pick<AnswerContext, 'scope'>): Outcome {
  return { kind: 'blocked', scope }
}

/** Unknown whether it was taken: a server failed on it. */
export function serverFailure({ retryAfterMs }: TimedAnswer): Outcome {
  return { kind: 'failed', pace: 'server', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
}

/** This registration waits, the others go on. */
export function waitForRegistration(
  { retryAfterMs }: TimedAnswer,
  { now }: Pick<AnswerContext, 'now'>,
): Outcome {
  return { kind: 'deferred', ...(retryAfterMs === undefined ? {} : { untilMs: now + retryAfterMs }) }
}

/** The whole scope waits. */
export function waitForScope({ retryAfterMs }: TimedAnswer, { now, scope }: AnswerContext): Outcome {
  return { kind: 'deferred', scope, ...(retryAfterMs === undefined ? {} : { untilMs: now + retryAfterMs }) }
}

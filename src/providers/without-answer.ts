import type { FailurePace, Outcome } from '../domain/outcome.ts'
import type { Http1Result } from '../http1/http1-client.ts'

/** What became of a push when no complete response came over HTTP/1.1. `pace`: how a repeat of what was perhaps taken is paced. */
export function withoutAnswer(
  result: Exclude<Http1Result, { kind: 'response' }>,
  scope: string,
  pace: FailurePace = 'transport',
): Outcome {
  const { reason } = result
  if (result.kind === 'not-processed') {
    return { kind: 'unsent', scope, retryNow: !result.isUnreachable, reason }
  }
  const { status } = result
  return { kind: 'failed', pace, ...(status === undefined ? {} : { status }), reason }
}

import type { Outcome } from '../domain/outcome.ts'
import type { Http1Result } from '../http1/http1-client.ts'

/** What became of a push when no complete response came over HTTP/1.1. */
export function withoutAnswer(result: Exclude<Http1Result, { kind: 'response' }>, scope: string): Outcome {
  const { reason } = result
  if (result.kind === 'not-processed') {
    return { kind: 'unsent', scope, retryNow: !result.isUnreachable, reason }
  }
  const { status } = result
  return { kind: 'failed', pace: 'transport', ...(status === undefined ? {} : { status }), reason }
}

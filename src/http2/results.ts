import type { Exchange } from './exchange.ts'
import type { NotProcessedResult, UnknownResult } from './http2-client.ts'

/** It may be sent again at once, on another connection. */
export function notProcessed(reason: string): NotProcessedResult {
  return { kind: 'not-processed', reason, isUnreachable: false }
}

/** By RST_STREAM, on a connection that goes on. */
export function refused(): NotProcessedResult {
  return { kind: 'not-processed', reason: 'refused-stream', isUnreachable: false, isRefused: true }
}

/** It never found a connection: at once again would end the same way. */
export function unreachable(reason: string): NotProcessedResult {
  return { kind: 'not-processed', reason, isUnreachable: true }
}

export function unknown({ status }: Exchange, reason: string): UnknownResult {
  return { kind: 'unknown', reason, ...(status === undefined ? {} : { status }) }
}

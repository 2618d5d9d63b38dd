import type { ServerHttp2Stream } from 'node:http2'
import type { Connection, Connections } from './connections.ts'
import { ERROR_CODES, type Fault } from './fault.ts'

/** A request over HTTP/2 that a fault strikes. */
export interface Struck {
  stream: ServerHttp2Stream
  connection: Connection
}

export interface StrikeParts {
  /** As if there were no fault. */
  accept(): void
  answer(fault: Fault & { action: 'answer' }): void
  connections: Connections
}

/** What the client has given up by now, or what a GOAWAY has declared unprocessed, must not be processed. */
export function isGone({ stream, connection }: Struck): boolean {
  return stream.destroyed || stream.closed || (stream.id ?? 0) > connection.lastStream
}

/** It was processed, and no GOAWAY may say otherwise. */
export function noteProcessed({ stream, connection }: Struck): void {
  connection.processedStream = Math.max(connection.processedStream, stream.id ?? 0)
}

/** What the fault does, once its delay is over. */
export function strikeStream(struck: Struck, fault: Fault, parts: StrikeParts): void {
  const { stream, connection } = struck
  switch (fault.action) {
    case 'answer':
      parts.answer(fault)
      break
    case 'delay':
      parts.accept()
      break
    case 'hang':
      break
    case 'reset':
      stream.close(ERROR_CODES[fault.code ?? 'INTERNAL_ERROR'])
      break
    case 'drop':
      parts.connections.drop(connection)
      break
    case 'goaway':
      strikeGoaway(struck, fault, parts)
  }
}

function strikeGoaway(
  { stream, connection }: Struck,
  fault: Fault & { action: 'goaway' },
  { accept, connections }: StrikeParts,
): void {
  const id = stream.id ?? 0
  const isProcessed = fault.lastStream === 'this'
  connections.goaway(connection, { ...fault, lastStreamId: isProcessed ? id : id - 2 })
  if (isProcessed) accept()
  // Later streams were processed, or this is the first: GOAWAY cannot exclude it, so it is refused by itself.
  else if (id <= Math.max(connection.lastStream, 1)) stream.close(ERROR_CODES.REFUSED_STREAM)
}

import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { Clock } from '../../domain/clock.ts'
import type { Connection, Connections } from '../connections.ts'
import { ERROR_CODES, type Fault, type Faults } from '../fault.ts'
import type { DeviceTokens } from './device-tokens.ts'
import { checkPayload, payloadLimit } from './payload-rules.ts'
import { isRefusal, type Refusal, refusal } from './refusal.ts'
import { answerId, type PushRequest, type RequestRules, readPushRequest } from './request-rules.ts'
import { createResponder, type Responder } from './responder.ts'

export interface ExchangeParts {
  rules: RequestRules
  deviceTokens: DeviceTokens
  faults: Faults
  clock: Clock
  environment: string
  connections(): Connections
  /** A request arrived, right or wrong. */
  onRequest(): void
  /** A phone shows it. */
  onPush(push: PushRequest, payload: string): void
  /** Answered 200. */
  onAccepted(): void
  onRefusal(refused: Refusal): void
  onStrike(fault: Fault): void
}

export interface Exchange {
  handle(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
    connection: Connection,
  ): void
  /** Forgets what is delayed. */
  close(): void
}

interface Push {
  stream: ServerHttp2Stream
  connection: Connection
  request: PushRequest
  payload: string
}

/** One request and its answer: the rules first, then the faults, then the phone. */
export function createExchange(parts: ExchangeParts): Exchange {
  const delayed = new Set<() => void>()
  const responder = createResponder(parts.environment)

  function refuse(stream: ServerHttp2Stream, apnsId: string, refused: Refusal): void {
    responder.refuse(stream, apnsId, refused)
    parts.onRefusal(refused)
  }

  function readPush(stream: ServerHttp2Stream, connection: Connection, request: PushRequest): void {
    const { token, topic, pushType, apnsId } = request
    const refused = parts.deviceTokens.check(token, topic)
    if (refused !== undefined) {
      refuse(stream, apnsId, refused)
      return
    }
    readBody(stream, payloadLimit(pushType), body => {
      const wrong = body === undefined ? refusal(413, 'PayloadTooLarge') : checkPayload(body, pushType)
      if (wrong !== undefined) refuse(stream, apnsId, wrong)
      else receive({ stream, connection, request, payload: String(body) })
    })
  }

  function receive(push: Push): void {
    const fault = parts.faults.strike(push.request.token, push.request.topic)
    if (fault === undefined) accept(push)
    else if (fault.delayMs === undefined || fault.delayMs === 0) suffer(push, fault)
    else delay(push, fault, fault.delayMs)
  }

  function delay(push: Push, fault: Fault, delayMs: number): void {
    const cancel = parts.clock.after(delayMs, () => {
      delayed.delete(cancel)
      suffer(push, fault)
    })
    delayed.add(cancel)
  }

  function show({ connection, stream, request, payload }: Push): void {
    connection.processedStream = Math.max(connection.processedStream, stream.id ?? 0)
    parts.onPush(request, payload)
  }

  /** What the client has given up by now, or what a GOAWAY has declared unprocessed, must not be processed. */
  function isGone({ stream, connection }: Push): boolean {
    return stream.destroyed || stream.closed || (stream.id ?? 0) > connection.lastStream
  }

  function accept(push: Push): void {
    if (isGone(push)) return
    parts.connections().trust(push.connection)
    show(push)
    parts.onAccepted()
    responder.accept(push.stream, push.request.apnsId)
  }

  function suffer(push: Push, fault: Fault): void {
    if (isGone(push)) return
    if (fault.shown) show(push)
    parts.onStrike(fault)
    strike(push, fault, { accept, responder, connections: parts.connections() })
  }

  return {
    handle(stream, headers, rawHeaders, connection) {
      parts.onRequest()
      const request = readPushRequest(headers, rawHeaders, connection, parts.rules)
      if (isRefusal(request)) refuse(stream, answerId(headers), request)
      else readPush(stream, connection, request)
    },
    close() {
      for (const cancel of delayed) cancel()
      delayed.clear()
    },
  }
}

interface StrikeParts {
  accept(push: Push): void
  responder: Responder
  connections: Connections
}

function strike(push: Push, fault: Fault, { accept, responder, connections }: StrikeParts): void {
  const { stream, connection, request } = push
  switch (fault.action) {
    case 'answer':
      responder.answer(stream, request.apnsId, fault)
      break
    case 'delay':
      accept(push)
      break
    case 'hang':
      break
    case 'reset':
      stream.close(ERROR_CODES[fault.code ?? 'INTERNAL_ERROR'])
      break
    case 'drop':
      connections.drop(connection)
      break
    case 'goaway':
      strikeGoaway(push, fault, { accept, connections })
  }
}

function strikeGoaway(
  push: Push,
  fault: Fault & { action: 'goaway' },
  { accept, connections }: Omit<StrikeParts, 'responder'>,
): void {
  const { stream, connection } = push
  const id = stream.id ?? 0
  const isProcessed = fault.lastStream === 'this'
  connections.goaway(connection, { ...fault, lastStreamId: isProcessed ? id : id - 2 })
  if (isProcessed) accept(push)
  // Later streams were processed, or this is the first: GOAWAY cannot exclude it, so it is refused by itself.
  else if (id <= Math.max(connection.lastStream, 1)) stream.close(ERROR_CODES.REFUSED_STREAM)
}

/** Calls `done` once: with the body, or with undefined as soon as it is longer than `limit`. Keeps no more than that. */
function readBody(stream: ServerHttp2Stream, limit: number, done: (body: Buffer | undefined) => void): void {
  let chunks: Buffer[] = []
  let size = 0
  stream.on('data', (chunk: Buffer) => {
    const before = size
    size += chunk.length
    if (size <= limit) chunks.push(chunk)
    else if (before <= limit) {
      chunks = []
      done(undefined)
    }
  })
  stream.on('end', () => {
    if (size <= limit) done(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))
  })
}

import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { Clock } from '../../domain/clock.ts'
import type { Connection, Connections } from '../connections.ts'
import { createDelays } from '../delays.ts'
import type { Fault, Faults } from '../fault.ts'
import { readBody } from '../stream-body.ts'
import { isGone, noteProcessed, strikeStream } from '../strike-stream.ts'
import type { DeviceTokens } from './device-tokens.ts'
import { checkPayload, payloadLimit } from './payload-rules.ts'
import { isRefusal, type Refusal, refusal } from './refusal.ts'
import { answerId, type PushRequest, type RequestRules, readPushRequest } from './request-rules.ts'
import { createResponder } from './responder.ts'

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
  const delays = createDelays(parts.clock)
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
    else void delay(push, fault, fault.delayMs)
  }

  async function delay(push: Push, fault: Fault, delayMs: number): Promise<void> {
    if (await delays.wait(delayMs)) suffer(push, fault)
  }

  function show(push: Push): void {
    noteProcessed(push)
    parts.onPush(push.request, push.payload)
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
    strikeStream(push, fault, {
      accept: () => accept(push),
      answer: answered => responder.answer(push.stream, push.request.apnsId, answered),
      connections: parts.connections(),
    })
  }

  return {
    handle(stream, headers, rawHeaders, connection) {
      parts.onRequest()
      const request = readPushRequest(headers, rawHeaders, connection, parts.rules)
      if (isRefusal(request)) refuse(stream, answerId(headers), request)
      else readPush(stream, connection, request)
    },
    close: () => delays.close(),
  }
}

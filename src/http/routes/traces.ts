import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Clock } from '../../domain/clock.ts'
import { completeJid } from '../../domain/jid.ts'
import { isZeropushRecipient } from '../../domain/zeropush-recipient.ts'
import type { MessageQuery, Store } from '../../store/store.ts'
import { errors } from '../errors.ts'
import { failures } from '../schemas/common.ts'
import {
  DEFAULT_LIST_LIMIT,
  type MessageListQuery,
  MessageListSchema,
  MessageParamsSchema,
  MessageQuerySchema,
  MessageTraceSchema,
  RequeuedSchema,
  toSummary,
  toTrace,
} from '../schemas/traces.ts'

export interface TraceRouteDependencies {
  store: Pick<Store, 'message' | 'messages' | 'requeue'>
  clock: Pick<Clock, 'now'>
  /** Completes a local part alone, as it does in a post. */
  xmppDomain: string | undefined
  /** Revived deliveries wait in the outbox. */
  onRequeued(): void
}

const shared = () => ({ tags: ['operators'], security: [{ admin: [] }] })

const listSchema = {
  ...shared(),
  operationId: 'listMessages',
  summary: 'Messages, newest first',
  querystring: MessageQuerySchema,
  response: { 200: MessageListSchema, ...failures(400, 401, 429) },
}

const traceSchema = {
  ...shared(),
  operationId: 'getMessage',
  summary: 'What became of a message, and why',
  params: MessageParamsSchema,
  response: { 200: MessageTraceSchema, ...failures(400, 401, 404, 429) },
}

const requeueSchema = {
  ...shared(),
  operationId: 'requeueMessage',
  summary: 'Revive the dead deliveries of a message',
  params: MessageParamsSchema,
  response: { 202: RequeuedSchema, ...failures(400, 401, 404, 409, 413, 415, 429) },
}

/** What an operator asks about messages. */
export const traceRoutes: FastifyPluginAsyncTypebox<TraceRouteDependencies> = async (app, deps) => {
  app.get('/messages', { schema: listSchema }, async request => {
    const query = toQuery(request.query, deps.xmppDomain)
    // One more than asked for tells whether there is a next page.
    const found = await deps.store.messages({ ...query, limit: query.limit + 1 })
    const messages = found.slice(0, query.limit).map(toSummary)
    const last = found.length > query.limit ? messages.at(-1) : undefined
    return { messages, ...(last === undefined ? {} : { next: last.id }) }
  })
  app.get('/messages/:id', { schema: traceSchema }, async request => {
    const trace = await deps.store.message(request.params.id)
    if (trace === undefined) throw new errors.unknownMessage()
    return toTrace(trace)
  })
  app.post('/messages/:id/requeue', { schema: requeueSchema }, async (request, reply) => {
    const { id } = request.params
    const status = await deps.store.requeue(id, deps.clock.now())
    if (status !== 'requeued') throw new REFUSALS[status]()
    deps.onRequeued()
    return reply.code(202).send({ id, status })
  })
}

const REFUSALS = {
  expired: errors.expired,
  'not-dead': errors.notDead,
  unknown: errors.unknownMessage,
} as const

function toQuery(
  { recipient, state, limit, before }: MessageListQuery,
  xmppDomain: string | undefined,
): MessageQuery {
  return {
    ...(recipient === undefined ? {} : { recipient: completed(recipient, xmppDomain) }),
    ...(state === undefined ? {} : { state }),
    ...(before === undefined ? {} : { before }),
    limit: limit ?? DEFAULT_LIST_LIMIT,
  }
}

function completed(recipient: string, xmppDomain: string | undefined): string {
  // A device of the ZeroPush API, which no other route lets anybody name.
  if (isZeropushRecipient(recipient)) return recipient
  const parsed = completeJid(recipient, xmppDomain)
  if (!parsed.ok) throw new errors.invalidJid('recipient')
  return parsed.jid
}

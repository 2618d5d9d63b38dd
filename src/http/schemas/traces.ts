import { type Static, Type } from '@fastify/type-provider-typebox'
import { DELIVERY_STATES } from '../../domain/delivery.ts'
import { MESSAGE_STATES } from '../../domain/offline-message.ts'
import { OUTCOME_KINDS } from '../../domain/outcome.ts'
import type { MessageSummary, MessageTrace } from '../../store/store.ts'
import { enumOf, InstantSchema, instant, JidSchema, MessageIdSchema, ProviderSchema } from './common.ts'

const MessageStateSchema = enumOf(MESSAGE_STATES, { description: 'What became of the message' })

// In a path or query a malformed id is the caller's mistake, an unknown one is not.
const IdParameterSchema = Type.Unsafe<string>({
  ...MessageIdSchema,
  pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
})

export const MessageParamsSchema = Type.Object({ id: IdParameterSchema })

export const DEFAULT_LIST_LIMIT = 50

/** Strict: without its misspelt filter a list would be of everybody. */
export const MessageQuerySchema = Type.Object(
  {
    recipient: Type.Optional(
      Type.Unsafe<string>({
        ...JidSchema,
        description: 'JID; a local part alone is completed by RELAY_XMPP_DOMAIN',
      }),
    ),
    state: Type.Optional(MessageStateSchema),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 200,
        description: `At most so many; ${DEFAULT_LIST_LIMIT} when absent`,
      }),
    ),
    before: Type.Optional(
      Type.Unsafe<string>({
        ...IdParameterSchema,
        description: 'Only messages older than this one: the `next` of the page before',
      }),
    ),
  },
  { additionalProperties: false },
)
export type MessageListQuery = Static<typeof MessageQuerySchema>

const summaryProperties = {
  id: MessageIdSchema,
  state: MessageStateSchema,
  reason: Type.Optional(Type.String({ examples: ['no-device'] })),
  recipient: Type.String({ examples: ['bob@example.org'] }),
  sender: Type.String({ examples: ['alice@example.org'] }),
  type: Type.String({ examples: ['chat'] }),
  receivedAt: InstantSchema,
  expiresAt: InstantSchema,
  settledAt: Type.Optional(InstantSchema),
}

const AttemptSchema = Type.Object({
  number: Type.Integer({ description: 'Counted from 1; attempts that never left share the next number' }),
  at: InstantSchema,
  outcome: enumOf([...OUTCOME_KINDS, 'crashed']),
  status: Type.Optional(Type.Integer({ description: "The provider's status code" })),
  reason: Type.Optional(Type.String({ description: "The provider's own word" })),
  durationMs: Type.Number(),
  environment: Type.String(),
})

const DeliverySchema = Type.Object({
  id: Type.String({ format: 'uuid', description: 'The same on every attempt; sent as apns-id' }),
  device: Type.String(),
  kind: enumOf(['alert']),
  provider: ProviderSchema,
  app: Type.String(),
  state: enumOf(DELIVERY_STATES),
  reason: Type.Optional(Type.String()),
  attemptCount: Type.Integer(),
  nextAttemptAt: Type.Optional(InstantSchema),
  attempts: Type.Array(AttemptSchema, { description: 'The first 3 and the last 10' }),
})

const StepSchema = Type.Object({
  at: InstantSchema,
  step: enumOf(['received', 'noted', 'skipped', 'ignored', 'queued', 'requeued', 'settled']),
  detail: Type.Optional(Type.String()),
})

export const MessageTraceSchema = Type.Object(
  {
    ...summaryProperties,
    steps: Type.Array(StepSchema),
    deliveries: Type.Array(DeliverySchema),
  },
  { description: 'The trace' },
)
type TraceView = Static<typeof MessageTraceSchema>

const SummarySchema = Type.Object(summaryProperties)

export const MessageListSchema = Type.Object(
  {
    messages: Type.Array(SummarySchema),
    next: Type.Optional(Type.String({ description: 'The `before` of the next page; absent on the last' })),
  },
  { description: 'One page' },
)

export const RequeuedSchema = Type.Object(
  { id: MessageIdSchema, status: enumOf(['requeued']) },
  { description: 'Its dead deliveries are due again' },
)

export function toSummary(message: MessageSummary): Static<typeof SummarySchema> {
  const { id, state, reason, recipient, sender, type, settledAt } = message
  return {
    id,
    state,
    ...(reason === undefined ? {} : { reason }),
    recipient,
    sender,
    type,
    receivedAt: instant(message.receivedAt),
    expiresAt: instant(message.expiresAt),
    ...(settledAt === undefined ? {} : { settledAt: instant(settledAt) }),
  }
}

export function toTrace(trace: MessageTrace): TraceView {
  return {
    ...toSummary(trace),
    steps: trace.steps.map(step => ({ ...step, at: instant(step.at) })),
    deliveries: trace.deliveries.map(
      ({ crashCount: _crashCount, firstVersion: _firstVersion, runAt, ...delivery }) => ({
        ...delivery,
        ...(runAt === undefined ? {} : { nextAttemptAt: instant(runAt) }),
        attempts: delivery.attempts.map(attempt => ({ ...attempt, at: instant(attempt.at) })),
      }),
    ),
  }
}

import { Type } from '@fastify/type-provider-typebox'
import { ROLES } from '../../domain/node-role.ts'
import { enumOf } from './common.ts'

const PausedScopeSchema = Type.Object({
  scope: Type.String(),
  kind: enumOf(['unsent', 'deferred', 'blocked'], {
    description:
      '`unsent`: unreachable; `deferred`: told to wait; `blocked`: our credential or set-up is wrong',
  }),
  reason: Type.String(),
  since: Type.String({ format: 'date-time' }),
})

const ProviderHealthSchema = Type.Object({
  state: enumOf(['idle', 'ready', 'paused', 'blocked', 'down'], {
    description: '`idle`: no connection is needed now',
  }),
  simulated: Type.Optional(Type.Boolean({ description: 'A stand-in receives the pushes, no phone does' })),
  scopes: Type.Optional(Type.Array(PausedScopeSchema, { description: 'With an admin token' })),
})

export const HealthSchema = Type.Object(
  {
    status: enumOf(['ok', 'degraded', 'down'], {
      description: '`degraded`: messages are accepted but some of them wait; `down`: none is accepted',
    }),
    version: Type.String({ examples: ['0.1.0'] }),
    providers: Type.Record(Type.String(), ProviderHealthSchema),
    role: Type.Optional(enumOf(ROLES, { description: 'With an admin token, as all that follows' })),
    uptimeSeconds: Type.Optional(Type.Integer()),
    store: Type.Optional(
      Type.Object({
        writable: Type.Boolean(),
        reason: Type.Optional(Type.String({ examples: ['disk-full'] })),
      }),
    ),
    outbox: Type.Optional(Type.Object({ pending: Type.Integer(), oldestSeconds: Type.Integer() })),
    warnings: Type.Optional(
      Type.Array(
        Type.Object({
          kind: enumOf(['misaddressed-wave']),
          provider: Type.String(),
          topic: Type.String(),
          misaddressed: Type.Integer(),
          recipients: Type.Integer(),
        }),
        {
          description:
            'Many tokens of a topic are refused at once: suspect the relay’s set-up, not the phones',
        },
      ),
    ),
  },
  {
    $id: 'Health',
    examples: [{ status: 'ok', version: '0.1.0', providers: { apns: { state: 'ready' } } }],
  },
)

export const LiveSchema = Type.Object({ status: enumOf(['ok']) }, { description: 'The loop turns' })

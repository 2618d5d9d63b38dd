import { type TSchema, Type } from '@fastify/type-provider-typebox'
import { CONTENT_TYPES } from './parameters.ts'

export const ZeropushErrorSchema = Type.Object(
  {
    error: Type.String({ examples: ['authorization error'] }),
    message: Type.String({ description: 'For people; never repeats a value that was sent' }),
    reference_url: Type.String({ examples: ['/docs'] }),
  },
  { $id: 'ZeropushError', description: 'Errors of the ZeroPush API' },
)

const FAILURES = {
  400: 'A parameter is missing or not valid',
  401: 'No or wrong auth_token, or several that differ',
  403: 'The credential does not allow this',
  404: 'There is no such device or channel',
  412: 'No provider is configured for such devices',
  413: 'The body is too large',
  415: 'Neither a form nor JSON',
  429: 'Too many requests',
  500: 'A bug of the relay',
  503: 'The store cannot be written, or the relay is stopping',
} as const

type Failure = keyof typeof FAILURES

const HEADERS: Partial<Record<Failure, object>> = {
  401: { 'WWW-Authenticate': { type: 'string', description: 'Token' } },
  429: { 'Retry-After': { type: 'integer', description: 'Seconds' } },
  503: { 'Retry-After': { type: 'integer', description: 'Seconds' } },
}

/** These, and those that any route of this API can give. */
export function zeropushFailures(...statuses: Failure[]): Record<number, TSchema> {
  const all: Failure[] = [400, 401, 403, 413, 415, 429, ...statuses, 500, 503]
  return Object.fromEntries(
    all.map(status => {
      const headers = HEADERS[status]
      const description = FAILURES[status]
      return [status, Type.Unsafe({ description, ...(headers && { headers }), $ref: 'ZeropushError#' })]
    }),
  )
}

/** A body that a reader of ours judges: these are for people. */
export function described(properties: Record<string, TSchema>): object {
  const schema = Type.Object(properties)
  return { content: Object.fromEntries(CONTENT_TYPES.map(type => [type, { schema }])) }
}

export const DeviceTokenSchema = Type.String({
  examples: ['00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0'],
})
export const ChannelSchema = Type.String({ examples: ['user@example.com'] })
export const BadgeSchema = Type.String({
  description: 'A number, or one with a sign, which is added',
  examples: ['+1'],
})

export const OkSchema = Type.Object(
  { message: Type.String({ examples: ['ok'] }) },
  { description: 'It is done' },
)

export const NotificationProperties = {
  alert: Type.Optional(Type.String({ description: "A text, or Apple's dictionary" })),
  badge: Type.Optional(BadgeSchema),
  sound: Type.Optional(Type.String({ examples: ['default'] })),
  info: Type.Optional(
    Type.Object(
      {},
      { description: 'For the app; in a form its JSON, or info[key]=value', additionalProperties: true },
    ),
  ),
  category: Type.Optional(Type.String()),
  content_available: Type.Optional(Type.String({ examples: ['true'] })),
  title: Type.Optional(Type.String()),
  expiry: Type.Optional(Type.Integer({ description: 'Seconds since 1970' })),
  data: Type.Optional(Type.Object({}, { description: 'For apps on Android', additionalProperties: true })),
  collapse_key: Type.Optional(Type.String()),
  time_to_live: Type.Optional(Type.Integer({ description: 'Seconds' })),
}

export const DeviceViewSchema = Type.Object({
  token: DeviceTokenSchema,
  active: Type.Boolean(),
  marked_inactive_at: Type.Unsafe<string | null>({
    type: 'string',
    nullable: true,
    examples: ['2026-01-31T12:00:00Z'],
  }),
  badge: Type.Integer(),
})

export const PageQuerySchema = Type.Object({
  page: Type.Optional(Type.Integer({ minimum: 1 })),
  per_page: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
})

import { type TSchema, Type } from '@fastify/type-provider-typebox'

export const ErrorSchema = Type.Object(
  {
    statusCode: Type.Integer({ examples: [400] }),
    code: Type.String({ description: 'From a closed table', examples: ['RELAY_INVALID_JID'] }),
    error: Type.String({ description: 'The name of the status', examples: ['Bad Request'] }),
    message: Type.String({ description: 'For people; never repeats a value that was sent' }),
  },
  { $id: 'Error', description: 'The shape of every error outside the ZeroPush API' },
)

export const MessageIdSchema = Type.String({
  format: 'uuid',
  description: 'UUIDv7, lower-case',
  examples: ['0199b2f0-6c1e-7c3a-9a53-2f8f1f0f5a11'],
})

export const InstantSchema = Type.String({
  format: 'date-time',
  description: 'RFC 3339, UTC',
  examples: ['2026-01-31T12:00:00.000Z'],
})

/** Long enough for any JID, percent-encoding undone; its grammar is checked in the handler. */
export const JidSchema = Type.String({
  minLength: 1,
  maxLength: 3071,
  description: 'JID; compared and stored in its normalised form (RFC 7622)',
  examples: ['bob@example.org'],
})

export const ProviderSchema = Type.String({ description: 'Push provider', examples: ['apns'] })

export function enumOf<const T extends readonly string[]>(values: T, options: object = {}) {
  return Type.Unsafe<T[number]>(Type.String({ enum: [...values], ...options }))
}

export function instant(at: number): string {
  return new Date(at).toISOString()
}

const FAILURES = {
  400: 'The request is not valid',
  401: 'No or wrong credential',
  403: 'The credential does not cover this',
  404: 'There is no such thing',
  409: 'Not in this state',
  413: 'The body is too large',
  415: 'Another content type is needed',
  429: 'Too many requests',
  500: 'A bug of the relay',
  503: 'Nothing is known to be accepted or changed: the store cannot be written, or the relay is stopping',
} as const

export type FailureStatus = keyof typeof FAILURES

/** Declares these error statuses, and those that any route can give. */
export function failures(...statuses: FailureStatus[]): Record<number, TSchema> {
  const all: FailureStatus[] = [...statuses, 500, 503]
  return Object.fromEntries(all.map(status => [status, failure(status)]))
}

function failure(status: FailureStatus): TSchema {
  const headers = HEADERS[status]
  return Type.Unsafe({
    description: FAILURES[status],
    ...(headers === undefined ? {} : { headers }),
    $ref: 'Error#',
  })
}

const retryAfter = { 'Retry-After': { type: 'integer', description: 'Seconds' } }

const HEADERS: Partial<Record<FailureStatus, object>> = {
  401: { 'WWW-Authenticate': { type: 'string', description: 'Bearer' } },
  429: retryAfter,
  503: retryAfter,
}

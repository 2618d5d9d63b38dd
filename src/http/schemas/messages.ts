import { Type } from '@fastify/type-provider-typebox'
import { IGNORE_REASONS } from '../../domain/offline-message.ts'
import type { MessageReply } from '../accept-drafts.ts'
import { enumOf, MessageIdSchema } from './common.ts'

const optionalText = (description: string, example?: string) =>
  Type.Optional(Type.String({ description, ...(example === undefined ? {} : { examples: [example] }) }))

/** Describes; the front door's own reader decides, because only three fields may make a message invalid. */
export const MessageSchema = Type.Object(
  {
    to: Type.String({
      description:
        'Recipient JID; a resource is dropped. A local part alone is completed by `vhost`, else by the relay',
      examples: ['bob@example.org'],
    }),
    from: Type.String({ description: 'Sender JID, likewise', examples: ['alice@example.org/phone'] }),
    body: Type.Optional(
      Type.String({
        description:
          'Text; kept to its first 8 KiB. Empty or blank: `ignored`. Necessary unless `encrypted` is true',
        examples: ['See you at eight?'],
      }),
    ),
    id: optionalText("The stanza's id: the same message posted twice is then one", 'a1b2c3'),
    type: Type.Optional(
      enumOf(['chat', 'groupchat', 'normal', 'headline', 'error'], {
        description: '`chat` when absent; `headline` and `error` are `ignored`',
      }),
    ),
    nick: optionalText('Display name of the sender', 'Alice'),
    room: optionalText('Room JID', 'tea@conference.example.org'),
    thread: optionalText('Thread'),
    unread: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Unread messages: the badge', examples: [3] }),
    ),
    sentAt: Type.Optional(
      Type.String({
        format: 'date-time',
        description: 'When it was sent',
        examples: ['2026-01-31T12:00:00Z'],
      }),
    ),
    encrypted: Type.Optional(Type.Boolean({ description: 'The body is a fallback for encrypted content' })),
    vhost: optionalText('Domain that completes a local part alone', 'example.org'),
  },
  {
    $id: 'Message',
    description:
      'Only `to`, `from` and `body` can make it invalid. Any other field that does not fit is coerced, cut or dropped, ' +
      'which the trace notes. Unknown fields are ignored.',
  },
)

const ResultSchema = Type.Object(
  {
    id: MessageIdSchema,
    status: enumOf(['queued', 'duplicate', 'ignored'], {
      description:
        '`queued`: it is on disk; `duplicate`: `id` is that of the first; `ignored`: it causes no push, see `reason`',
    }),
    reason: Type.Optional(enumOf(IGNORE_REASONS)),
  },
  { $id: 'MessageResult' },
)

const InvalidEntrySchema = Type.Object(
  {
    status: enumOf(['invalid']),
    code: Type.String({ examples: ['RELAY_INVALID_TO'] }),
    message: Type.String(),
  },
  { $id: 'InvalidEntry', description: 'A bad entry spoils no other' },
)

const ResultListSchema = Type.Object(
  {
    results: Type.Array(Type.Unsafe({ anyOf: [{ $ref: 'MessageResult#' }, { $ref: 'InvalidEntry#' }] }), {
      description: 'One per entry, in order',
    }),
  },
  { $id: 'MessageResultList' },
)

export const MESSAGE_SCHEMAS = [MessageSchema, ResultSchema, InvalidEntrySchema, ResultListSchema]

export const MessageReplySchema = Type.Unsafe<MessageReply>({
  description: 'Committed to disk. A list is answered with a list',
  anyOf: [{ $ref: 'MessageResult#' }, { $ref: 'MessageResultList#' }],
})

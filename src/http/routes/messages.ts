import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@fastify/type-provider-typebox'
import { type AcceptDraftsDependencies, acceptDrafts } from '../accept-drafts.ts'
import type { ParsedBody } from '../dialects/dialect.ts'
import { parseForm, parseJsonMessages } from '../dialects/front-door.ts'
import type { HookAuthentication } from '../hook-authentication.ts'
import { acceptRawBodies, machineRoute, rawBody } from '../raw-bodies.ts'
import { failures } from '../schemas/common.ts'
import { MessageReplySchema } from '../schemas/messages.ts'

export interface MessageRouteDependencies extends AcceptDraftsDependencies {
  authentication: HookAuthentication
}

const MessageRef = { $ref: 'Message#' }

const postSchema = {
  operationId: 'postMessages',
  tags: ['chat server'],
  summary: 'Hand over messages whose recipient is offline',
  description:
    'One message as JSON object or form, or up to 1000 as JSON array, at most 4 MiB. In a form the token may be the field ' +
    '`access_token` instead of the header (RFC 6750 §2.2); then at most 256 KiB are read. There is no rate limit.',
  security: [{ hook: [] }],
  body: {
    content: {
      'application/json': {
        schema: Type.Unsafe({ anyOf: [MessageRef, { type: 'array', maxItems: 1000, items: MessageRef }] }),
      },
      'application/x-www-form-urlencoded': { schema: Type.Unsafe(MessageRef) },
    },
  },
  response: { 202: MessageReplySchema, ...failures(400, 401, 403, 413, 415, 429) },
}

/** The front door. */
export const messageRoutes: FastifyPluginAsyncTypebox<MessageRouteDependencies> = async (app, deps) => {
  acceptRawBodies(app, ['application/json', 'application/x-www-form-urlencoded'])
  app.post('/messages', { schema: postSchema, ...machineRoute }, async (request, reply) => {
    const raw = rawBody(request)
    const isForm =
      request.headers['content-type']?.toLowerCase().startsWith('application/x-www-form') === true
    const { body, accessToken } = isForm
      ? readForm(raw)
      : { body: parseJsonMessages(raw), accessToken: undefined }
    const grant = await deps.authentication.grantOf(request, reply, accessToken)
    return reply.code(202).send(await acceptDrafts(body, grant, deps))
  })
}

function readForm(raw: Buffer): { body: ParsedBody; accessToken: string | undefined } {
  const form = parseForm(raw)
  if (!form.ok) return { body: form, accessToken: undefined }
  return { body: { ok: true, drafts: [form.draft], many: false }, accessToken: form.accessToken }
}
